/** Content on this disk that has no row in the index: a page that ended has left it, or another tab has just written it. */
import type { ContentAddress } from '@rockpool/protocol'
import { Clock, Effect, Schedule } from 'effect'
import { Device } from '../device.ts'
import { hashOnDisk } from '../files/hash-on-disk.ts'
import { knownOwnKeys } from '../files/named-content.ts'
import { hold } from '../leadership/locks.ts'
import { contentRow } from '../rows.ts'
import { BlobPort, callPort } from '../services.ts'
import { reconcileKeys } from './reconcile-keys.ts'

/**
 * A disk that fails for a moment would leave the content unknown, and perhaps the only copy unsent, until the pass of the next day.
 * Content that stays unreadable must not hold up the others.
 */
const REREAD = Schedule.intersect(Schedule.exponential('1 second'), Schedule.recurs(3))

/** Hashes the content, adds its row, and queues its upload when object storage may lack it. Does nothing when it is not there. */
export const learnContent = (address: ContentAddress, epoch?: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const blobs = yield* BlobPort
    const content = yield* hashOnDisk(address).pipe(
      Effect.retry({ while: ({ code }) => code === 'disk_failed', schedule: REREAD }),
      Effect.catchIf(
        ({ code }) => code !== 'closed',
        () => Effect.succeed(undefined),
      ),
    )
    if (!content) return // deleted since, or unreadable: the next pass tries again
    // Damaged: moved aside, never served or sent. It may be the only copy.
    if (content.address !== address) {
      yield* callPort(() => blobs.quarantine(address))
      return
    }
    yield* Effect.scoped(
      Effect.gen(function* () {
        yield* hold('releasing', 'exclusive')
        // Released or moved aside while it was hashed: a row without bytes would be a file that cannot be opened.
        if (!(yield* callPort(() => blobs.open(address)))) return
        const now = yield* Clock.currentTimeMillis
        // Claims of the log are checked in the phase `records`.
        const steps = yield* reconcileKeys(yield* knownOwnKeys(address), { occasion: 'pass', onAsk: () => {} })
        yield* device.write([contentRow(content, now), ...steps], epoch)
      }),
    )
  })
