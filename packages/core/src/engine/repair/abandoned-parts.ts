/** Removes parts of content that nobody has read on: ranges and downloads that ended early leave them, and no row of the index does. */
import type { ContentAddress } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { StoredBlob } from '../../ports/blob-store.ts'
import { BlobPort, callPort } from '../services.ts'

/** A video that someone watches in pieces over a week is downloaded once. */
const MAX_AGE_MS = 7 * 24 * 60 * 60_000

/** Content that is not whole, and got its last part too long ago. */
export const abandonedParts = (disk: readonly StoredBlob[], now: number): readonly ContentAddress[] =>
  disk.filter(({ complete, modifiedAt }) => !complete && now - modifiedAt > MAX_AGE_MS).map(({ address }) => address)

/** Call it while no add can have written bytes without their row. */
export const removeAbandonedParts = (disk: readonly StoredBlob[]) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    for (const address of abandonedParts(disk, yield* Clock.currentTimeMillis)) {
      // Deletes damaged bytes, too, which may be the only copy.
      if (yield* callPort(() => blobs.isQuarantined(address))) continue
      yield* callPort(() => blobs.delete(address))
    }
  })
