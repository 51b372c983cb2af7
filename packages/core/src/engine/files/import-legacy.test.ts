/** Importing the files that livestore-filesync left on a device. Parts have 8 bytes here. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import type { ImportOptions, ImportReport, Pool } from '../../pool.ts'
import { simulatedHashing } from '../../simulation/hashing.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { oldApp } from '../../testing/old-app.ts'
import { promise, run } from '../../testing/test-effects.ts'
import { webPlatform } from '../../platform/web-platform.ts'

const hashing = { ...simulatedHashing, partSize: 8 }
const platform = { ...webPlatform, hashing }

/** A new app on a device where an old one ran. What is not imported cannot be opened: there is no object storage. */
const migration = Effect.gen(function* () {
  const world = memoryWorld({ platform })
  const device = memoryDevice(world, 'new')
  const disk = failingDisk(memoryBlobStore({ hashing }))
  const pool = yield* device.open({ platform, blobs: disk.blobs })
  const old = oldApp(pool.log)
  const importAll = (options?: ImportOptions) => promise(() => pool.importLegacy(old.folder, options))
  return { world, device, disk, pool, old, importAll }
})

const textOf = (pool: Pool, id: string) => promise(async () => (await pool.open(id)).text())

const NOTHING: ImportReport = { imported: 0, damaged: [], unreferenced: [], failed: [], missing: [] }

test('imports stored content of one part under its legacy key, without an event and without a transfer', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      const { remoteKey } = yield* promise(() => old.add('a', 'reef'))
      world.storage.faults.offline = true
      expect((yield* importAll()).imported).toBe(1)
      expect(yield* textOf(pool, 'a')).toBe('reef')
      expect(pool.files.get('a')).toMatchObject({ remoteKey })
      expect(pool.transfers.status('a')).toMatchObject({ onDevice: true, error: null })
      expect(world.storage.objects.size).toBe(0)
    }),
  ))

test('gives content above one part a key of ours, its size and its saved type, and uploads it', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      const { remoteKey } = yield* promise(() => old.add('a', 'a large reef', { type: 'image/png' }))
      expect((yield* importAll()).imported).toBe(1)
      const file = pool.files.get('a')!
      expect(file).toMatchObject({ size: 12, type: 'image/png' })
      expect(file.remoteKey).toMatch(/^reef\/files\/[0-9a-f]{64}-2$/)
      expect(pool.versions('a').map((version) => version.remoteKey)).toEqual([file.remoteKey, remoteKey])
      yield* until(pool, () => pool.transfers.status('a').state === 'stored')
      expect(world.storage.objects.has(file.remoteKey)).toBe(true)
    }),
  ))

test('uploads content that no old client uploaded, under a key of ours', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      const { hash } = yield* promise(() => old.add('a', 'reef', { isStored: false }))
      expect((yield* importAll()).imported).toBe(1)
      yield* until(pool, () => pool.transfers.status('a').state === 'stored')
      expect([...world.storage.objects.keys()]).toEqual([`reef/files/${hash}`])
    }),
  ))

test('reports damaged files, files without a record and records without a file, and leaves them', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      const small = yield* promise(() => old.add('small', 'reef'))
      const large = yield* promise(() => old.add('large', 'a large reef'))
      const gone = yield* promise(() => old.add('gone', 'kelp'))
      const removed = yield* promise(() => old.add('removed', 'shell'))
      old.remove('removed')
      old.files.set(small.hash, { blob: new Blob(['leaf']), type: undefined })
      old.files.set(large.hash, { blob: new Blob(['a large leaf']), type: undefined })
      old.files.delete(gone.hash)
      old.files.set('notes.txt', { blob: new Blob(['x']), type: undefined })
      expect(yield* importAll({ removeImported: true })).toEqual({
        imported: 0,
        damaged: [small.hash, large.hash],
        unreferenced: [removed.hash, 'notes.txt'],
        failed: [],
        missing: ['small', 'large', 'gone'].map((id) => pool.files.get(id)),
      })
      expect([...old.files.keys()]).toEqual([small.hash, large.hash, removed.hash, 'notes.txt'])
      expect(yield* promise(() => pool.blobs.list())).toEqual([])
    }),
  ))

test('keeps old files, and removes them only when asked', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      yield* promise(() => old.add('small', 'reef'))
      yield* promise(() => old.add('large', 'a large reef'))
      expect(yield* importAll()).toEqual({ ...NOTHING, imported: 2 })
      expect(old.files.size).toBe(2)
      expect(yield* importAll({ removeImported: true })).toEqual({ ...NOTHING, imported: 2 })
      expect(old.files.size).toBe(0)
      expect([yield* textOf(pool, 'small'), yield* textOf(pool, 'large')]).toEqual(['reef', 'a large reef'])
    }),
  ))

test('keeps an old file whose new copy cannot be read back, and imports it again', () =>
  run(
    Effect.gen(function* () {
      const { disk, pool, old, importAll } = yield* migration
      const { remoteKey, hash } = yield* promise(() => old.add('a', 'reef'))
      yield* importAll()
      yield* promise(() => disk.damage(remoteKey, flipLastBit))
      const { failed } = yield* importAll({ removeImported: true })
      expect(failed).toMatchObject([{ hash, error: { code: 'disk_failed' } }])
      expect(old.files.size).toBe(1)
      expect(yield* importAll({ removeImported: true })).toEqual({ ...NOTHING, imported: 1 })
      expect(yield* textOf(pool, 'a')).toBe('reef')
    }),
  ))

test.each([
  ['counts', (bytes: Uint8Array<ArrayBuffer>) => bytes],
  ['replaces damaged', flipLastBit],
])('%s bytes that an import left on disk when its page died before the index write', (_, change) =>
  run(
    Effect.gen(function* () {
      const { disk, pool, old, importAll } = yield* migration
      const { remoteKey } = yield* promise(() => old.add('a', 'reef'))
      yield* promise(() => disk.blobs.writePart(addressOfKey(remoteKey), 1, new TextEncoder().encode('reef')))
      yield* promise(() => disk.damage(remoteKey, change))
      expect(yield* importAll()).toEqual({ ...NOTHING, imported: 1 })
      expect(pool.transfers.status('a').onDevice).toBe(true)
      expect(yield* textOf(pool, 'a')).toBe('reef')
    }),
  ),
)

test('imports content that another device has given a key of ours, without a download', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      yield* promise(() => old.add('a', 'a large reef'))
      yield* importAll()
      const other = yield* memoryDevice(world, 'other').open({ platform, blobs: memoryBlobStore({ hashing }) })
      yield* until(other, () => other.files.get('a')?.remoteKey === pool.files.get('a')!.remoteKey)
      world.storage.faults.offline = true
      const report = yield* promise(() => other.importLegacy(old.folder, { removeImported: true }))
      expect(report).toEqual({ ...NOTHING, imported: 1 })
      expect(other.versions('a')).toHaveLength(2)
      expect(other.transfers.status('a').onDevice).toBe(true)
      expect(yield* textOf(other, 'a')).toBe('a large reef')
    }),
  ))

test('leaves the old bytes of a file that was edited to the same size since', () =>
  run(
    Effect.gen(function* () {
      const { pool, old, importAll } = yield* migration
      const { hash } = yield* promise(() => old.add('a', 'a large reef'))
      const edited = yield* promise(() => pool.replace('a', new Blob(['a large kelp'])))
      expect(yield* importAll({ removeImported: true })).toEqual({ ...NOTHING, unreferenced: [hash] })
      const stored = yield* promise(() => pool.blobs.list())
      expect(stored.map(({ address }) => address)).toEqual([addressOfKey(edited.remoteKey)])
    }),
  ))

test('replaces nothing while the log may lack the removal of a file', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, old, importAll } = yield* migration
      const small = yield* promise(() => old.add('small', 'reef', { isStored: false }))
      const large = yield* promise(() => old.add('large', 'a large reef'))
      yield* until(pool, () => pool.sync.current.state === 'online')
      world.backend.disconnect('new')
      const { failed } = yield* importAll({ removeImported: true })
      const offline = { code: 'offline' }
      expect(failed).toMatchObject([small, large].map(({ hash }) => ({ hash, error: offline })))
      expect(pool.versions('large')).toHaveLength(1)
      // What fits into one part can be opened already.
      expect(yield* textOf(pool, 'small')).toBe('reef')
      world.backend.connect('new')
      expect(yield* importAll({ removeImported: true })).toEqual({ ...NOTHING, imported: 2 })
      expect(old.files.size).toBe(0)
    }),
  ))

test('imports once when two tabs import at the same time', () =>
  run(
    Effect.gen(function* () {
      const { device, disk, pool, old } = yield* migration
      const other = yield* device.open({ platform, blobs: disk.blobs })
      yield* promise(() => old.add('small', 'reef'))
      yield* promise(() => old.add('large', 'a large reef'))
      const both = yield* promise(() => Promise.all([pool, other].map((tab) => tab.importLegacy(old.folder))))
      expect(both).toEqual([
        { ...NOTHING, imported: 2 },
        { ...NOTHING, imported: 2 },
      ])
      expect(pool.versions('large')).toHaveLength(2)
    }),
  ))
