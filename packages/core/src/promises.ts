/** Promises with an abort signal or a deadline. */
import type { PlatformClock } from './platform/platform.ts'

/** Settles as the promise does, or rejects with the signal's reason if that comes first. */
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
 * Settles as the promise does. Calls `onLate` once after `ms`: it must stop the work, so that the promise settles. Work that
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
