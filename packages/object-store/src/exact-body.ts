/** Reads a body that must have exactly the announced length. */
import { ObjectStoreError } from './errors.ts'
import type { ObjectBody } from './object-store.ts'

/**
 * The chunks of a body of exactly `size` bytes, none of them empty.
 *
 * @throws ObjectStoreError `too_large` as soon as it is longer, `bad_request` when it ends early or breaks off, `aborted`
 */
export async function* exactBody(
  body: ObjectBody,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  throwIfAborted(signal)
  let received = 0
  const take = (chunk: Uint8Array): Uint8Array<ArrayBuffer> => {
    received += chunk.length
    if (received > size) throw new ObjectStoreError('too_large', `The body has more than the ${size} bytes announced.`)
    return chunk as Uint8Array<ArrayBuffer>
  }
  if (body instanceof Uint8Array) {
    if (body.length > 0) yield take(body)
  } else {
    const reader = body.getReader()
    // Cancelling the stream also ends a read that hangs.
    const onAbort = () => void reader.cancel(signal?.reason).catch(() => {})
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          throwIfAborted(signal)
          throw new ObjectStoreError('bad_request', 'The body broke off. Send it again.', { cause })
        })
        throwIfAborted(signal)
        if (done) break
        if (value.length > 0) yield take(value)
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      await reader.cancel().catch(() => {})
      reader.releaseLock()
    }
  }
  if (received < size) {
    throw new ObjectStoreError('bad_request', `The body has ${received} bytes, not the ${size} announced.`)
  }
}

/** Waits for a call that consumes a body, and cancels the body when the call fails. */
export const orDiscard = async <A>(body: ObjectBody, call: Promise<A>): Promise<A> => {
  try {
    return await call
  } catch (error) {
    if (!(body instanceof Uint8Array)) await body.cancel(error).catch(() => {})
    throw error
  }
}

/** @throws ObjectStoreError `aborted` */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw new ObjectStoreError('aborted', 'The request was cancelled.', { cause: signal.reason })
}
