/** Opening content of livestore-filesync above one part from object storage. Parts have 8 bytes here. */
import type { Right } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { Pool } from '../../pool.ts'
import { simulatedHashing } from '../../simulation/hashing.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { oldApp } from '../../testing/old-app.ts'
import { promise, run } from '../../testing/test-effects.ts'

const hashing = { ...simulatedHashing, partSize: 8 }
const platform = { ...webPlatform, hashing }

/** A device without the bytes of a file that an old client uploaded. Object storage has `bytes` under its key. */
const largeFile = (bytes: string) =>
  Effect.gen(function* () {
    const world = memoryWorld({ platform })
    const open = (device: string, rights?: readonly Right[]) => {
      const claims = rights && { sub: 'ada', stores: { [STORE_ID]: rights } }
      return memoryDevice(world, device, claims).open({ platform, blobs: memoryBlobStore({ hashing }) })
    }
    const pool = yield* open('new')
    const { remoteKey } = yield* promise(() => oldApp(pool.log).add('a', 'a large reef'))
    world.storage.objects.set(remoteKey, { bytes: new Blob([bytes]), type: 'text/plain' })
    return { world, pool, open, remoteKey }
  })

const textOf = (pool: Pool, id: string) => promise(async () => (await pool.open(id)).text())

test('opens it, and gives its file a key of ours, by which other devices read it', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, open, remoteKey } = yield* largeFile('a large reef')
      const progress: (readonly [number, number])[] = []
      const blob = yield* promise(() =>
        pool.open('a', { onProgress: (bytes, total) => void progress.push([bytes, total]) }),
      )
      expect(yield* promise(() => blob.text())).toBe('a large reef')
      expect(progress.at(-1)).toEqual([12, 12])
      expect(pool.files.get('a')).toMatchObject({
        size: 12,
        remoteKey: expect.stringMatching(/^reef\/files\/\w{64}-2$/),
      })
      yield* until(pool, () => pool.transfers.status('a').state === 'stored')
      world.storage.objects.delete(remoteKey)
      const other = yield* open('other')
      yield* until(other, () => other.transfers.status('a').state === 'remote')
      expect(yield* textOf(other, 'a')).toBe('a large reef')
      expect(other.versions('a')).toHaveLength(2)
    }),
  ))

test('streams it', () =>
  run(
    Effect.gen(function* () {
      const { pool } = yield* largeFile('a large reef')
      expect(yield* promise(async () => new Response(await pool.stream('a')).text())).toBe('a large reef')
    }),
  ))

test('opens and streams it for a user who may not write, and changes nothing', () =>
  run(
    Effect.gen(function* () {
      const { open } = yield* largeFile('a large reef')
      const reader = yield* open('reader', ['read'])
      yield* until(reader, () => reader.files.get('a') !== undefined)
      const progress: (readonly [number, number])[] = []
      const blob = yield* promise(() =>
        reader.open('a', { onProgress: (bytes, total) => void progress.push([bytes, total]) }),
      )
      expect(yield* promise(() => blob.text())).toBe('a large reef')
      expect(blob.type).toBe(reader.files.get('a')!.type)
      expect(progress.at(-1)).toEqual([12, 12])
      expect(yield* promise(async () => new Response(await reader.stream('a')).text())).toBe('a large reef')
      expect(reader.versions('a')).toHaveLength(1)
      expect(yield* promise(() => reader.blobs.list())).toEqual([])
    }),
  ))

test('refuses bytes of another hash for a user who may not write', () =>
  run(
    Effect.gen(function* () {
      const { open } = yield* largeFile('a large leaf')
      const reader = yield* open('reader', ['read'])
      yield* until(reader, () => reader.files.get('a') !== undefined)
      yield* promise(() => expect(reader.open('a')).rejects.toMatchObject({ code: 'corrupt' }))
    }),
  ))

test('refuses bytes of another hash, and changes nothing', () =>
  run(
    Effect.gen(function* () {
      const { pool } = yield* largeFile('a large leaf')
      yield* promise(() => expect(pool.open('a')).rejects.toMatchObject({ code: 'corrupt' }))
      expect(pool.versions('a')).toHaveLength(1)
      expect(yield* promise(() => pool.blobs.list())).toEqual([])
    }),
  ))

test('refuses the record of a content that the file does not have any more', () =>
  run(
    Effect.gen(function* () {
      const { pool } = yield* largeFile('a large reef')
      const before = pool.files.get('a')!
      yield* promise(() => pool.replace('a', new Blob(['kelp'])))
      yield* promise(() => expect(pool.open(before)).rejects.toMatchObject({ code: 'precondition_failed' }))
      expect(yield* textOf(pool, 'a')).toBe('kelp')
    }),
  ))

test('changes nothing while the log may lack the removal of the file', () =>
  run(
    Effect.gen(function* () {
      const { world, pool } = yield* largeFile('a large reef')
      world.backend.disconnect('new')
      yield* promise(() => expect(pool.open('a')).rejects.toMatchObject({ code: 'offline' }))
      world.backend.connect('new')
      expect(yield* textOf(pool, 'a')).toBe('a large reef')
    }),
  ))
