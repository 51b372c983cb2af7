/** An import whose page dies at any of its writes. Parts have 8 bytes here. */
import { type ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import { expect, test } from 'vitest'
import type { LegacyFile } from '../../legacy-folder.ts'
import { memoryBlobStore } from '../../memory/index.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { LocalIndex } from '../../ports/local-index.ts'
import type { Pool } from '../../pool.ts'
import { simulatedHashing } from '../../simulation/hashing.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { oldApp } from '../../testing/old-app.ts'
import { promise, run } from '../../testing/test-effects.ts'

const hashing = { ...simulatedHashing, partSize: 8 }
/** Pages that die warn of it. */
const platform = { ...webPlatform, hashing, warn: () => {} }

const TEXTS = { stored: 'reef', local: 'kelp', large: 'a large reef' }

/** A disk and an index whose writes fail from the nth on that follows `start`. `isLate`: after the nth has had its effect. */
const dyingPorts = (blobs: BlobStore, index: LocalIndex, n: number, isLate: boolean) => {
  let writes = Number.NEGATIVE_INFINITY
  const dying =
    <Args extends unknown[], A>(write: (...args: Args) => Promise<A>) =>
    async (...args: Args): Promise<A> => {
      if (++writes < n) return write(...args)
      if (writes === n && isLate) await write(...args)
      throw new RockpoolError('disk_failed', 'The page died.')
    }
  return {
    start: () => (writes = 0),
    hasDied: () => writes >= n,
    blobs: { ...blobs, write: dying(blobs.write), writePart: dying(blobs.writePart) },
    dying,
    index: { ...index, write: dying(index.write) },
  }
}

interface Disk {
  /** whether the disk moves old files in place of copying them */
  readonly canMove: boolean
}

/** Imports until the nth write. @returns what is left for the next page, and whether there was an nth write */
const importUntil = (n: number, isLate: boolean, { canMove }: Disk) =>
  Effect.gen(function* () {
    const device = memoryDevice(memoryWorld({ platform }), 'new')
    const blobs = memoryBlobStore({ hashing })
    const { start, hasDied, dying, index, ...ports } = dyingPorts(blobs, device.index(), n, isLate)
    const files = new Map<string, LegacyFile>()
    const adopt = async (address: ContentAddress, { name }: FileSystemFileHandle) => {
      await blobs.writePart(address, 1, new Uint8Array(await files.get(name)!.blob.arrayBuffer()))
      return files.delete(name)
    }
    const moving = canMove ? { ...ports.blobs, adopt: dying(adopt) } : ports.blobs
    const scope = yield* Scope.make()
    const pool = yield* device.open({ platform, index, blobs: moving }).pipe(Scope.extend(scope))
    const old = oldApp(pool.log, files)
    for (const [id, text] of Object.entries(TEXTS))
      yield* promise(() => old.add(id, text, { isStored: id !== 'local' }))
    start()
    yield* promise(() => pool.importLegacy(old.folder, { removeImported: true }).catch(() => {}))
    yield* Scope.close(scope, Exit.void)
    return { next: yield* device.open({ platform, blobs }), old, hasDied: hasDied() }
  })

const textOf = (pool: Pool, id: string) => promise(async () => (await pool.open(id)).text())

test.each([
  ['before any write', false, { canMove: false }],
  ['after any write', true, { canMove: false }],
  ['before any write or move', false, { canMove: true }],
  ['after any write or move', true, { canMove: true }],
])('loses nothing when its page dies %s', { timeout: 120_000 }, (_, isLate, disk) =>
  run(
    Effect.gen(function* () {
      for (let [n, isOver] = [1, false]; !isOver; n++) {
        const { next, old, hasDied } = yield* importUntil(n, isLate, disk)
        const report = yield* promise(() => next.importLegacy(old.folder, { removeImported: true }))
        expect(report).toMatchObject({ damaged: [], unreferenced: [], failed: [], missing: [] })
        expect(old.files.size).toBe(0)
        for (const [id, text] of Object.entries(TEXTS)) expect(yield* textOf(next, id)).toBe(text)
        yield* until(next, () => ['local', 'large'].every((id) => next.transfers.status(id).state === 'stored'))
        isOver = !hasDied
      }
    }),
  ),
)
