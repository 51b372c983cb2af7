/** Opening files of livestore-filesync, whose events name no size. */
import { type RemoteKey, sha256, toHex } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { decodeLegacyEvent } from '../../records/legacy-event.ts'
import type { PoolEvent } from '../../records/events.ts'
import { memoryDevice, memoryWorld } from '../../testing/memory-device.ts'
import { promise, run } from '../../testing/test-effects.ts'

const DAY = '2025-11-26T09:00:00.000Z'

/** A pool whose log has a file that an old client uploaded, and object storage with `bytes` under its key. */
const oldFile = (bytes: string) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    const pool = yield* memoryDevice(world, 'new').open()
    const hash = toHex(yield* promise(() => sha256(new TextEncoder().encode('reef'))))
    const remoteKey = `${pool.storeId}/${hash}` as RemoteKey
    const args = { id: 'old', path: `livestore-filesync-files/${remoteKey}`, contentHash: hash, createdAt: DAY }
    const created = decodeLegacyEvent('v1.FileCreated', args)!
    const uploaded = decodeLegacyEvent('v1.FileUpdated', { ...args, remoteKey, updatedAt: DAY })!
    // Old clients append these; the port takes the events of this code only.
    pool.log.append([created, uploaded] as unknown as readonly PoolEvent[])
    world.storage.objects.set(remoteKey, { bytes: new Blob([bytes]), type: 'text/plain' })
    return { world, pool }
  })

test('opens a file whose record knows no size, first from object storage and then from disk', () =>
  run(
    Effect.gen(function* () {
      const { world, pool } = yield* oldFile('reef')
      expect(pool.files.get('old')).toMatchObject({ size: 0 })
      expect(yield* promise(async () => (await pool.open('old')).text())).toBe('reef')
      world.storage.faults.offline = true
      expect(yield* promise(async () => (await pool.open('old')).text())).toBe('reef')
    }),
  ))

test('refuses bytes of another hash', () =>
  run(
    Effect.gen(function* () {
      const { pool } = yield* oldFile('leaf')
      yield* promise(() => expect(pool.open('old')).rejects.toMatchObject({ code: 'corrupt' }))
    }),
  ))

test('gives the file a key of ours when its content is replaced, and keeps the former one as a version', () =>
  run(
    Effect.gen(function* () {
      const { pool } = yield* oldFile('reef')
      const file = yield* promise(() => pool.replace('old', new Blob(['reef']), { type: 'text/plain' }))
      const hash = file.remoteKey.slice(-64)
      expect(file).toMatchObject({
        remoteKey: `${pool.storeId}/files/${hash}`,
        size: 4,
        type: 'text/plain;charset=utf-8',
      })
      expect(pool.versions('old').map(({ remoteKey }) => remoteKey)).toEqual([
        file.remoteKey,
        `${pool.storeId}/${hash}`,
      ])
    }),
  ))
