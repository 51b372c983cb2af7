/** Promises that a signal or a clock ends. */
import type { PlatformClock } from './platform/platform.ts'

/** The promise's own end, or the signal's reason if that comes first. What the promise ends with later is ignored. */
export const abortable = async <A>(promise: Promise<A>, signal: AbortSignal): Promise<A> => {
  const stop = Promise.withResolvers<never>()
  const abort = () => stop.reject(signal.reason as Error)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, stop.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * The promise's own end. After `ms` without one, `onLate` is called, once: it stops the work, so that the promise ends. Work that
 * cannot be stopped goes through {@link abortable} first.
 */
export const withDeadline = async <A>(
  { setTimer }: Pick<PlatformClock, 'setTimer'>,
  ms: number,
  promise: Promise<A>,
  onLate: () => void,
): Promise<A> => {
  const cancelTimer = setTimer(onLate, ms)
  try {
    return await promise
  } finally {
    cancelTimer()
  }
}
