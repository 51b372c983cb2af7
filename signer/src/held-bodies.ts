import { refusal } from './errors.ts'

/** Memory for all bodies that are held whole: two of the largest forms, 64 whole PUTs. */
const MOST_BYTES = 512 * 1024 * 1024

/** A slow client must not keep the others out: 64 MiB at 0.5 MB/s. */
const MOST_MS = 128_000

/**
 * Does the work that holds a body whole and takes `bytes` of memory, unless too much is held already, half of it for one
 * user: what is over waits at the client. The signal that the work gets ends it after two minutes.
 *
 * @throws RockpoolError `rate_limited` when there is no room, `bad_request` when the body took too long
 */
export type HoldBody = <A>(
  user: string,
  bytes: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<A>,
) => Promise<A>

export const createHeldBodies = (mostBytes = MOST_BYTES): HoldBody => {
  let held = 0
  const heldBy = new Map<string, number>()
  const hold = (user: string, bytes: number) => {
    held += bytes
    const own = (heldBy.get(user) ?? 0) + bytes
    if (own > 0) heldBy.set(user, own)
    else heldBy.delete(user)
  }
  return async (user, bytes, signal, work) => {
    if (held + bytes > mostBytes || (heldBy.get(user) ?? 0) + bytes > mostBytes / 2) {
      throw refusal('rate_limited', 'Too many uploads at once. Try again soon.', { retryAfterMs: 1_000 })
    }
    hold(user, bytes)
    const late = AbortSignal.timeout(MOST_MS)
    try {
      return await work(AbortSignal.any([signal, late]))
    } catch (error) {
      if (!late.aborted) throw error
      throw refusal('bad_request', `The body took longer than ${MOST_MS / 1_000} s. Send large files in parts.`, {
        cause: error,
      })
    } finally {
      hold(user, -bytes)
    }
  }
}
