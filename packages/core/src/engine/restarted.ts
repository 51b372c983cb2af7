import type { RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'

/** A disk that failed works again, or the person has to do something: once a second would fill the console. */
const RESTART_AFTER = '10 seconds'

/**
 * Runs a task that never ends, again when it fails: one that fails by itself must not end those that run beside it, such as
 * an upload of gigabytes. Ends with `superseded` and `closed`.
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
