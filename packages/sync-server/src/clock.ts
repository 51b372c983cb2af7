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

/** Waits. @throws the reason of `signal` when it is aborted */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = clock.setTimer(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, ms)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
