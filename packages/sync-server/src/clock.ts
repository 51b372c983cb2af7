/** Time as a service, so that tests own it. */
export interface Clock {
  /** ms since 1970 */
  now(): number
  /** Runs `run` once after `ms`. @returns cancels the timer */
  setTimer(run: () => void, ms: number): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (run, ms) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
