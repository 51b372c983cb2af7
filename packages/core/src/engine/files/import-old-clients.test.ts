/** Importing while old clients go on, and what they have left in forms of their own. Parts have 8 bytes here. */
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import type { LegacyFolder } from '../../legacy-folder.ts'
import { memoryBlobStore } from '../../memory/index.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { Pool } from '../../pool.ts'
import { simulatedHashing } from '../../simulation/hashing.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { oldApp } from '../../testing/old-app.ts'
import { promise, run } from '../../testing/test-effects.ts'

const hashing = { ...simulatedHashing, partSize: 8 }
const platform = { ...webPlatform, hashing }

const migration = Effect.gen(function* () {
  const world = memoryWorld({ platform })
  const pool = yield* memoryDevice(world, 'new').open({ platform, blobs: memoryBlobStore({ hashing }) })
  const old = oldApp(pool.log)
  const importAll = (folder: LegacyFolder = old.folder) =>
    promise(() => pool.importLegacy(folder, { removeImported: true }))
  return { world, pool, old, importAll }
})

const textOf = (pool: Pool, id: string) => promise(async () => (await pool.open(id)).text())

test('imports what the old app has saved since the last import', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      yield* promise(() => old.add('before', 'reef'))
      expect(yield* importAll()).toMatchObject({ imported: 1 })
      yield* promise(() => old.add('small', 'kelp'))
      yield* promise(() => old.add('large', 'a large reef'))
      expect(yield* importAll()).toMatchObject({ imported: 2, unreferenced: [], failed: [], missing: [] })
      expect([yield* textOf(pool, 'small'), yield* textOf(pool, 'large')]).toEqual(['kelp', 'a large reef'])
      expect(old.files.size).toBe(0)
    }),
  ))

test('imports the edit of an old client, and keeps what the import gave the file as a version', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      const { hash } = yield* promise(() => old.add('a', 'a large reef'))
      yield* importAll()
      const { remoteKey } = pool.files.get('a')!
      yield* promise(() => old.edit('a', hash, 'a large kelp'))
      expect(yield* importAll()).toMatchObject({ imported: 1, failed: [], missing: [] })
      expect(yield* textOf(pool, 'a')).toBe('a large kelp')
      expect(pool.versions('a').map((version) => version.remoteKey)).toContain(remoteKey)
    }),
  ))

test('leaves out a file that the old app deletes while it is imported', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      const { hash } = yield* promise(() => old.add('a', 'reef'))
      const report = yield* importAll({
        ...old.folder,
        async open(hash) {
          await old.edit('a', hash, 'kelp')
          return old.folder.open(hash)
        },
      })
      expect(report).toMatchObject({ imported: 0, unreferenced: [], failed: [], missing: [pool.files.get('a')] })
      expect(old.files.has(hash)).toBe(false)
      expect(yield* importAll()).toMatchObject({ imported: 1, missing: [] })
      expect(yield* textOf(pool, 'a')).toBe('kelp')
    }),
  ))

test('gives two files with the same content above one part the same key of ours', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      for (const id of ['a', 'b']) yield* promise(() => old.add(id, 'a large reef'))
      expect(yield* importAll()).toMatchObject({ imported: 1, failed: [], missing: [] })
      expect(pool.files.get('a')!.remoteKey).toMatch(/^reef\/files\/\w{64}-2$/)
      expect(pool.files.get('b')!.remoteKey).toBe(pool.files.get('a')!.remoteKey)
      expect([yield* textOf(pool, 'a'), yield* textOf(pool, 'b')]).toEqual(['a large reef', 'a large reef'])
    }),
  ))

test('imports content that is too long to be hashed in memory, and reports it when it is damaged', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      const text = 'a reef of forty bytes, which are five of'
      yield* promise(() => old.add('a', text))
      const { hash } = yield* promise(() => old.add('b', `${text} its parts`))
      old.files.set(hash, { blob: new Blob([`${text} its partz`]), type: undefined })
      expect(yield* importAll()).toMatchObject({ imported: 1, damaged: [hash], failed: [] })
      expect(yield* textOf(pool, 'a')).toBe(text)
      expect(pool.versions('b')).toHaveLength(1)
    }),
  ))

test('uploads a file whose remoteUrl has an unknown form, under a key of ours', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      const { hash } = yield* promise(() => old.add('a', 'reef', { remoteUrl: 'ipfs://bafy' }))
      expect(yield* importAll()).toMatchObject({ imported: 1, failed: [], missing: [] })
      yield* until(pool, () => pool.transfers.status('a').state === 'stored')
      expect([...world.storage.objects.keys()]).toEqual([`reef/files/${hash}`])
      expect(yield* textOf(pool, 'a')).toBe('reef')
    }),
  ))

test('reports a file whose remoteUrl has an unknown form and whose bytes are gone, and opening it says why', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      yield* promise(() => old.add('a', 'reef', { remoteUrl: 'ipfs://bafy' }))
      old.files.clear()
      expect(yield* importAll()).toMatchObject({ imported: 0, failed: [], missing: [pool.files.get('a')] })
      yield* promise(() =>
        expect(pool.open('a')).rejects.toMatchObject({
          code: 'not_found',
          message: expect.stringContaining('has not uploaded it yet'),
        }),
      )
    }),
  ))
