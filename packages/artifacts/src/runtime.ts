/** What the package uses of the world around it: a service, so that tests own the clock and the network. */
import { systemTransport } from '#transport'
import type { Transport } from './transport/transport.ts'

export interface Runtime {
  readonly request: Transport
  /** unix ms */
  readonly now: () => number
  /** at least 0, below 1 */
  readonly random: () => number
  /** Resolves after `ms`. Rejects with the signal's reason. */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  /** A signal that fires after `ms`. */
  readonly timeout: (ms: number) => AbortSignal
}

export const SYSTEM_RUNTIME: Runtime = {
  request: systemTransport,
  now: () => Date.now(),
  random: () => Math.random(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal!.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
  timeout: (ms) => AbortSignal.timeout(ms),
}
