import type { RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'

/** Long enough not to fill the console while the disk fails. */
const RESTART_AFTER = '10 seconds'

/**
 * Runs an endless task, and restarts it when it fails: a failure must not end the tasks beside it, such as an upload of
 * gigabytes. Fails only with `superseded` and `closed`.
 *
 * @param what for the developer: "<what> failed"
 */
export const restarted = <R>(
  what: string,
  task: Effect.Effect<unknown, RockpoolError, R>,
): Effect.Effect<never, RockpoolError, R> =>
  task.pipe(
    Effect.catchIf(
      ({ code }) => code !== 'superseded' && code !== 'closed',
      (error) =>
        Effect.logWarning(`${what} failed and is retried: ${error.message}`).pipe(
          Effect.andThen(Effect.sleep(RESTART_AFTER)),
        ),
    ),
    Effect.forever,
  )
