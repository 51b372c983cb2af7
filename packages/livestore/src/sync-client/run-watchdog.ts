/** Executes the steps of `watchdog.ts`, and requests the head while events are unconfirmed. */
import { Duration, Effect } from 'effect'
import { decide, NO_TROUBLE, type WatchdogSnapshot, type WatchdogStep } from './watchdog.ts'

const TICK_MS = 1_000
/** A tick this late means that the device or the page slept, so that no progress was possible. */
const SLEEP_MS = 5_000
const ASK_WHILE_UNCONFIRMED_MS = 5_000

export interface RunWatchdogOptions {
  /** @param sleptUntil when the device last slept */
  readonly snapshot: (sleptUntil: number) => WatchdogSnapshot
  readonly now: () => number
  readonly carryOut: Readonly<Record<WatchdogStep, () => void>>
  /** The trouble behind the steps has ended. */
  readonly onRecovered: () => void
  readonly onWokeUp: () => void
  readonly requestPull: () => void
}

export const runWatchdog = (options: RunWatchdogOptions): Effect.Effect<never> =>
  Effect.suspend(() => {
    const { now } = options
    let progress = NO_TROUBLE
    let lastTick = now()
    let sleptUntil = -Infinity
    let askedAt = -Infinity
    const tick = Effect.sync(() => {
      const time = now()
      if (time - lastTick >= SLEEP_MS) {
        sleptUntil = time
        options.onWokeUp()
      }
      lastTick = time
      const snapshot = options.snapshot(sleptUntil)
      const { unconfirmedSince } = snapshot
      if (
        snapshot.serverAnswers &&
        unconfirmedSince !== undefined &&
        time - Math.max(unconfirmedSince, askedAt) >= ASK_WHILE_UNCONFIRMED_MS
      ) {
        askedAt = time
        options.requestPull()
      }
      const hadTrouble = progress.trouble !== undefined
      const decision = decide(snapshot, progress)
      progress = decision.progress
      if (decision.step !== undefined) options.carryOut[decision.step]()
      else if (hadTrouble && progress.trouble === undefined) options.onRecovered()
    })
    return Effect.forever(Effect.zipRight(Effect.sleep(Duration.millis(TICK_MS)), tick))
  })
