import { httpError } from './errors.ts'

/** Memory for all buffered bodies: two of the largest forms, or 64 whole PUTs. */
const MAX_BYTES = 512 * 1024 * 1024

/** Time limit for one body, so that a slow client does not block the others: 64 MiB at 0.5 MB/s. */
const MAX_MS = 128_000

/**
 * Runs work that buffers a whole body and takes `bytes` of memory, unless the limit is reached. One user gets at most half.
 * Above it, the client has to wait. The signal that the work gets aborts it after two minutes.
 *
 * @throws RockpoolError `rate_limited` when there is no room, `bad_request` when the body took too long
 */
export type BufferBody = <A>(
  user: string,
  bytes: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<A>,
) => Promise<A>

export const createBodyBuffers = (maxBytes = MAX_BYTES): BufferBody => {
  let held = 0
  const heldBy = new Map<string, number>()
  const hold = (user: string, bytes: number) => {
    held += bytes
    const own = (heldBy.get(user) ?? 0) + bytes
    if (own > 0) heldBy.set(user, own)
    else heldBy.delete(user)
  }
  return async (user, bytes, signal, work) => {
    if (held + bytes > maxBytes || (heldBy.get(user) ?? 0) + bytes > maxBytes / 2) {
      throw httpError('rate_limited', 'Too many uploads at once. Try again soon.', { retryAfterMs: 1_000 })
    }
    hold(user, bytes)
    const late = AbortSignal.timeout(MAX_MS)
    try {
      return await work(AbortSignal.any([signal, late]))
    } catch (error) {
      if (!late.aborted) throw error
      throw httpError('bad_request', `The body took longer than ${MAX_MS / 1_000} s. Send large files in parts.`, {
        cause: error,
      })
    } finally {
      hold(user, -bytes)
    }
  }
}
