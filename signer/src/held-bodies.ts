import { refusal } from './errors.ts'

/** Bytes of all bodies held in memory at once: two of the largest forms. */
const MOST_BYTES = 128 * 1024 * 1024

/** A slow client must not keep the others out: 64 MiB at 0.5 MB/s. */
const MOST_MS = 128_000

/**
 * Does the work that holds a body of `bytes` in memory, unless too much is held already: what is over waits at the
 * client. The signal that the work gets ends it after two minutes.
 *
 * @throws RockpoolError `rate_limited` when there is no room, `bad_request` when the body took too long
 */
export type HoldBody = <A>(bytes: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<A>) => Promise<A>

export const createHeldBodies = ({ mostBytes = MOST_BYTES, mostMs = MOST_MS } = {}): HoldBody => {
  let held = 0
  return async (bytes, signal, work) => {
    if (held + bytes > mostBytes) {
      throw refusal('rate_limited', 'Too many uploads at once. Try again soon.', { retryAfterMs: 1_000 })
    }
    held += bytes
    const late = AbortSignal.timeout(mostMs)
    try {
      return await work(AbortSignal.any([signal, late]))
    } catch (error) {
      if (!late.aborted) throw error
      throw refusal('bad_request', `The body took longer than ${mostMs / 1_000} s. Send large files in parts.`, {
        cause: error,
      })
    } finally {
      held -= bytes
    }
  }
}
