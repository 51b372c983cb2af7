/** Removes temp files of writes whose page or browser ended. Each may be as large as the content that was being added. */
import { Effect } from 'effect'
import { restarted } from '../restarted.ts'
import { BlobPort, callPort } from '../services.ts'

/** Chromium releases the locks of an ended page before its file handles: this sweep removes what the first one could not. */
const SECOND_SWEEP = '1 minute'

/** Other tabs may end while this one leads. */
const NEXT_SWEEP = '1 hour'

/** Sweeps when this tab begins to lead, a minute later, and then each hour. */
export const sweepDisk = restarted(
  'Sweeping the disk',
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const sweep = callPort(() => blobs.sweep())
    yield* sweep
    yield* Effect.sleep(SECOND_SWEEP)
    yield* Effect.forever(Effect.andThen(sweep, Effect.sleep(NEXT_SWEEP)))
  }),
)
