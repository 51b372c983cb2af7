/**
 * Recovery when sync makes no progress although the server responds. Each cause has a ladder of steps, from harmless
 * to drastic, one step every 10 s. Pure: `run-watchdog.ts` executes the steps.
 */

/** Times in ms of a monotonic clock; undefined when it is not the case. */
export interface WatchdogSnapshot {
  readonly now: number
  /** whether the last request got a response: without one only the network helps */
  readonly serverAnswers: boolean
  /** since when no pull of LiveStore runs, after the first one */
  readonly pullEndedAt: number | undefined
  /** since when a push waits for a response */
  readonly pushWaitsSince: number | undefined
  /** since when the server has, or should have, events of this device that LiveStore has not got back */
  readonly unconfirmedSince: number | undefined
  /** since when LiveStore has not taken an event although the head is ahead */
  readonly behindSince: number | undefined
  /** since when no socket is open */
  readonly noSocketSince: number | undefined
}

export type Trouble = 'pull_ended' | 'not_converging' | 'no_socket'

export type WatchdogStep = 'pull' | 'reconnect' | 'http_only' | 'restart' | 'stuck'

/** What was done so far about the present trouble. */
export interface WatchdogProgress {
  readonly trouble: Trouble | undefined
  readonly steps: number
  readonly steppedAt: number
}

export const NO_TROUBLE: WatchdogProgress = { trouble: undefined, steps: 0, steppedAt: -Infinity }

/** LiveStore starts the next pull without a pause. After this time it will not start one. */
export const PULL_GAP_MS = 5_000
/** No push, confirmation or event takes longer while the server responds. */
export const STANDSTILL_MS = 20_000
/** Each step gets this long to help. */
export const STEP_INTERVAL_MS = 10_000

/**
 * Only LiveStore can start a pull, so only a restart helps there. Without a socket, polling brings the events: slower, but
 * never `stuck`.
 */
export const LADDERS: Readonly<Record<Trouble, readonly WatchdogStep[]>> = {
  pull_ended: ['restart', 'stuck'],
  not_converging: ['pull', 'reconnect', 'http_only', 'restart', 'stuck'],
  no_socket: ['reconnect', 'http_only'],
}

export const troubleOf = (snapshot: WatchdogSnapshot): Trouble | undefined => {
  const lasts = (since: number | undefined, ms: number) => since !== undefined && snapshot.now - since >= ms
  if (!snapshot.serverAnswers) return undefined
  if (lasts(snapshot.pullEndedAt, PULL_GAP_MS)) return 'pull_ended'
  if (
    lasts(snapshot.pushWaitsSince, STANDSTILL_MS) ||
    lasts(snapshot.unconfirmedSince, STANDSTILL_MS) ||
    lasts(snapshot.behindSince, STANDSTILL_MS)
  ) {
    return 'not_converging'
  }
  return lasts(snapshot.noSocketSince, STANDSTILL_MS) ? 'no_socket' : undefined
}

/** The next step if one is due, and the progress after it. Resets when the trouble has ended. */
export const decide = (
  snapshot: WatchdogSnapshot,
  progress: WatchdogProgress,
): { readonly step: WatchdogStep | undefined; readonly progress: WatchdogProgress } => {
  const trouble = troubleOf(snapshot)
  if (trouble === undefined) return { step: undefined, progress: NO_TROUBLE }
  const { steps, steppedAt } = trouble === progress.trouble ? progress : NO_TROUBLE
  const step = LADDERS[trouble][steps]
  if (step === undefined || snapshot.now - steppedAt < STEP_INTERVAL_MS) {
    return { step: undefined, progress: { trouble, steps, steppedAt } }
  }
  return { step, progress: { trouble, steps: steps + 1, steppedAt: snapshot.now } }
}
