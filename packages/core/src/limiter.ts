/** Admits a number of calls at a time. The others wait, in the order of their arrival. */
import { abortable } from './promises.ts'

export interface Limiter {
  /**
   * @returns gives the place back
   * @throws the reason of `signal`, when it aborts before the call is admitted
   */
  acquire(signal?: AbortSignal): Promise<() => void>
}

export const createLimiter = (max: number): Limiter => {
  let running = 0
  const waiting = new Set<() => void>()
  const admit = () => {
    const [first] = waiting
    if (first === undefined || running >= max) return
    waiting.delete(first)
    running++
    first()
  }
  const release = () => {
    running--
    admit()
  }
  return {
    async acquire(signal) {
      signal?.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.add(resolve)
      admit()
      try {
        await (signal ? abortable(promise, signal) : promise)
      } catch (reason) {
        // Admitted in the same moment.
        if (!waiting.delete(resolve)) release()
        throw reason
      }
      return release
    },
  }
}
