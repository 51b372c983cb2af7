/** Polls the server while no socket is open. */
import { Duration, Effect } from 'effect'
import type { Receiver } from './receiver.ts'
import { type Signal, waitUntil } from './signal.ts'

/** A socket usually opens sooner. */
export const SOCKET_GRACE_MS = 3_000
export const MIN_POLL_MS = 2_000
export const MAX_POLL_MS = 30_000
/** How much longer each interval is than the one before, while nothing happens. */
const GROWTH = 1.5

/** The next interval. Events suggest that more will follow. */
export const pollInterval = (previous: number | undefined, gotEvents: boolean): number =>
  previous === undefined || gotEvents ? MIN_POLL_MS : Math.min(previous * GROWTH, MAX_POLL_MS)

export interface PollingOptions {
  readonly noSocketSince: () => number | undefined
  readonly receiver: Receiver
  readonly changed: Signal
  readonly wakeUp: Signal
  readonly now: () => number
  readonly requestPull: () => void
}

export const runPolling = (options: PollingOptions): Effect.Effect<never> => {
  const { noSocketSince, changed, wakeUp, now } = options
  const socketOpens = waitUntil(changed, () => noSocketSince() === undefined)

  return Effect.gen(function* () {
    yield* waitUntil(changed, () => noSocketSince() !== undefined)
    const grace = noSocketSince()! + SOCKET_GRACE_MS - now()
    if (grace > 0) return yield* Effect.raceFirst(Effect.sleep(Duration.millis(grace)), socketOpens)
    let interval: number | undefined
    let emitted: number | undefined
    while (noSocketSince() !== undefined) {
      options.requestPull()
      const before = emitted
      emitted = options.receiver.view().funnel?.emitted
      interval = pollInterval(interval, emitted !== before)
      yield* Effect.raceAll([
        Effect.sleep(Duration.millis(interval)),
        socketOpens,
        Effect.tap(wakeUp.wait, () =>
          Effect.sync(() => {
            interval = undefined
          }),
        ),
      ])
    }
  }).pipe(Effect.forever)
}
