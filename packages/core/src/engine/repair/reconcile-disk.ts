/** The first phase of a full comparison: files on this disk against rows of the index. */
import type { ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { remove } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { isNamed, KEEPING, knownOwnKeys, namedInLog } from '../files/named-content.ts'
import { hold, holdIfFree } from '../leadership/locks.ts'
import { removeAbandonedParts } from './abandoned-parts.ts'
import { learnContent } from './learn-content.ts'
import { reconcileKeys } from './reconcile-keys.ts'
import { BlobPort, callPort, IndexPort, Platform, Settings } from '../services.ts'

/** Retry interval while adds are under way: the disk can only be listed between adds. */
const DISK_BUSY_WAIT = '1 minute'

/**
 * Adds missing rows for content on disk, and removes rows whose content is gone. Content without a row that nothing names is of
 * an add that failed, or whose page ended before it resolved: it is deleted, unless the index may have lost its row.
 */
export const compareDisk = (epoch: number) =>
  Effect.gen(function* () {
    const { unknown, gone, isIndexWhole } = yield* listDisk
    for (const address of gone) yield* forgetContent(address, epoch)
    const named = isIndexWhole && unknown.length > 0 ? yield* namedInLog : undefined
    for (const address of unknown) {
      if (named?.has(address) === false) yield* discardUnnamed(address)
      else yield* learnContent(address, epoch)
    }
  })

interface DiskDifferences {
  /** whole content without a row */
  readonly unknown: readonly ContentAddress[]
  /** rows without content */
  readonly gone: readonly ContentAddress[]
  /** Whether the index has the row of each add that resolved: a full pass has ended since it was made. */
  readonly isIndexWhole: boolean
}

type DiskPorts = BlobPort | IndexPort | Platform | Settings

/** Listed while no add has written its bytes but not its row. */
const listDisk: Effect.Effect<DiskDifferences, RockpoolError, DiskPorts> = Effect.gen(function* () {
  const blobs = yield* BlobPort
  const index = yield* IndexPort
  while (true) {
    const listed = yield* Effect.scoped(
      Effect.gen(function* () {
        // A release takes this lock first: it would mistake this one for an add.
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return undefined
        const known = new Set(yield* callPort(() => index.keys('contents')))
        // After the keys: an index that is lost in between has no pass.
        const engine = yield* callPort(() => index.get('engine', 'engine'))
        const disk = yield* callPort(() => blobs.list())
        yield* removeAbandonedParts(disk)
        const whole = disk.filter(({ complete }) => complete).map(({ address }) => address)
        const there = new Set<string>(whole)
        return {
          unknown: whole.filter((address) => !known.has(address)).toSorted(),
          gone: [...known].filter((address) => !there.has(address)) as ContentAddress[],
          isIndexWhole: typeof engine?.reconcile?.finishedAt === 'number',
        }
      }),
    )
    if (listed) return listed
    yield* Effect.sleep(DISK_BUSY_WAIT)
  }
})

/** Removes the row of content that is gone, unless it was written again since. */
export const forgetContent = (address: ContentAddress, epoch: number) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const index = yield* IndexPort
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return // the next pass finds it
        if (yield* callPort(() => blobs.open(address))) return
        const row = yield* callPort(() => index.get('contents', address))
        const keys = new Set([...(yield* knownOwnKeys(address)), ...(row?.storedAs ?? [])])
        yield* device.write([remove('contents', address), ...(yield* reconcileKeys(keys, { occasion: 'pass' }))], epoch)
      }),
    )
  })

/** Deletes content that the log does not name, unless a row, an event or a transfer names it by now, or an add may. */
const discardUnnamed = (address: ContentAddress) =>
  Effect.scoped(
    Effect.gen(function* () {
      const blobs = yield* BlobPort
      const index = yield* IndexPort
      yield* hold('releasing', 'exclusive')
      if (!(yield* holdIfFree(KEEPING))) return // the next pass finds it
      if (yield* callPort(() => index.get('contents', address))) return
      const outbox = yield* callPort(() => index.getAll('outbox'))
      const transfers = yield* callPort(() => index.getAll('transfers'))
      if (!isNamed(address, outbox, transfers)) yield* callPort(() => blobs.delete(address))
    }),
  )
