/** The first step of a full comparison: bytes on this disk and rows of the index. */
import type { ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import { remove } from '../../ports/index-port.ts'
import { Device } from '../device.ts'
import { hashOnDisk } from '../files/hash-on-disk.ts'
import { KEEPING, knownOwnKeys } from '../files/named-content.ts'
import { hold, holdIfFree } from '../leadership/locks.ts'
import { reconcileKeys } from './reconcile-keys.ts'
import { BlobPort, call, IndexPort, Platform, Settings } from '../services.ts'
import { contentRow } from '../rows.ts'

/** Adds are under way most of the time on a busy device: the disk is listed when none is. */
const DISK_BUSY_WAIT = '1 minute'

/** Contents on disk get the row that they lack, rows of contents that are gone are removed. */
export const compareDisk = (epoch: number) =>
  Effect.gen(function* () {
    const { unknown, gone } = yield* listDisk
    for (const address of gone) yield* forgetContent(address, epoch)
    for (const address of unknown) yield* learnContent(address, epoch)
  })

/** What disk and index do not have in common. Listed while no add is between its bytes and its row. */
const listDisk: Effect.Effect<
  { readonly unknown: readonly ContentAddress[]; readonly gone: readonly ContentAddress[] },
  RockpoolError,
  BlobPort | IndexPort | Platform | Settings
> = Effect.gen(function* () {
  const blobs = yield* BlobPort
  const index = yield* IndexPort
  while (true) {
    const listed = yield* Effect.scoped(
      Effect.gen(function* () {
        // Whoever releases content takes this lock first, and would take this one for an add.
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return undefined
        const known = new Set(yield* call(() => index.keys('contents')))
        const disk = yield* call(() => blobs.list())
        const whole = disk.filter(({ complete }) => complete).map(({ address }) => address)
        const there = new Set<string>(whole)
        return {
          unknown: whole.filter((address) => !known.has(address)).toSorted(),
          gone: [...known].filter((address) => !there.has(address)) as ContentAddress[],
        }
      }),
    )
    if (listed) return listed
    yield* Effect.sleep(DISK_BUSY_WAIT)
  }
})

/** Hashes content that the index does not know, one at a time, and queues it when object storage may lack it. */
const learnContent = (address: ContentAddress, epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const blobs = yield* BlobPort
    const content = yield* hashOnDisk(address).pipe(
      Effect.catchIf(
        ({ code }) => code !== 'closed',
        () => Effect.succeed(undefined),
      ),
    )
    if (!content) return // gone meanwhile, or unreadable: the next pass looks again
    // Damaged: never served or sent. They stay aside, since they may be all that is left.
    if (content.address !== address) return yield* call(() => blobs.quarantine(address))
    const now = yield* Clock.currentTimeMillis
    // What the log claims to be stored is asked for when its records are compared.
    const steps = yield* reconcileKeys(yield* knownOwnKeys(address), { occasion: 'pass', onAsk: () => {} })
    yield* device.write([contentRow(content, now), ...steps], epoch)
  })

/** Unless the bytes came back meanwhile: a row without them would be a file that cannot be opened. */
const forgetContent = (address: ContentAddress, epoch: number) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const index = yield* IndexPort
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* hold('releasing', 'exclusive')
        if (!(yield* holdIfFree(KEEPING))) return // the next pass finds it
        if (yield* call(() => blobs.open(address))) return
        const row = yield* call(() => index.get('contents', address))
        const keys = new Set([...(yield* knownOwnKeys(address)), ...(row?.storedAs ?? [])])
        yield* device.write([remove('contents', address), ...(yield* reconcileKeys(keys, { occasion: 'pass' }))], epoch)
      }),
    )
  })
