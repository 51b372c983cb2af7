/** Removes what writes have left whose page or browser ended: temp files, each as large as the content that was being added. */
import { Effect } from 'effect'
import { restarted } from '../restarted.ts'
import { BlobPort, call } from '../services.ts'

/** Chromium frees the locks of a page that ended before its file handles: what the first sweep cannot remove, this one can. */
const SECOND_SWEEP = '1 minute'

/** Other tabs may end while this one leads. */
const NEXT_SWEEP = '1 hour'

/** Sweeps when this tab begins to lead, a minute later, and then each hour. */
export const sweepDisk = restarted(
  'Sweeping the disk',
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const sweep = call(() => blobs.sweep())
    yield* sweep
    yield* Effect.sleep(SECOND_SWEEP)
    yield* Effect.forever(Effect.andThen(sweep, Effect.sleep(NEXT_SWEEP)))
  }),
)
