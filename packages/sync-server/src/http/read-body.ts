/** Reads the body of a request: limited in bytes and in time. */
import type { Clock } from '../clock.ts'
import { SyncError } from './errors.ts'
import type { SyncRequest } from './reply.ts'

export const MAX_BODY_BYTES = 1024 * 1024

/** A client that sends slower than this is disconnected (slow loris). */
export const BODY_TIMEOUT_MS = 30_000

/**
 * How much of a body over {@link MAX_BODY_BYTES} is read and discarded before the response, and for how long. A server that
 * responds and closes while the client still sends resets the connection, and the client may lose the response
 * (RFC 9112, 9.6). workerd does so.
 */
export const MAX_DISCARDED_BYTES = 16 * 1024 * 1024
export const DISCARD_TIMEOUT_MS = 10_000

type BodyRequest = Pick<SyncRequest, 'headers' | 'body' | 'signal'>
type BodyReader = ReadableStreamDefaultReader<Uint8Array>

/** @throws SyncError `too_large`, `request_timeout`, `bad_request` */
export const readBody = async (request: BodyRequest, clock: Clock): Promise<string> => {
  if (!request.body) return ''
  const reader = request.body.getReader()
  try {
    const text = isTooLong(request, MAX_BODY_BYTES)
      ? undefined
      : await withTimeout(request, clock, BODY_TIMEOUT_MS, (ended) => readText(reader, ended))
    if (text !== undefined) return text
    // No bounded read gets to the end of a body that says it is longer.
    if (!isTooLong(request, MAX_BODY_BYTES + MAX_DISCARDED_BYTES)) {
      // However this ends, the response is the same.
      await withTimeout(request, clock, DISCARD_TIMEOUT_MS, (ended) => discard(reader, ended)).catch(() => {})
    }
    throw new SyncError('too_large', `Send at most ${MAX_BODY_BYTES} bytes at a time.`)
  } catch (error) {
    void reader.cancel(error).catch(() => {})
    throw error
  }
}

const isTooLong = ({ headers }: BodyRequest, limit: number): boolean =>
  Number(headers.get('content-length') ?? 0) > limit

/** @param ended rejects after `ms`, and when the client is gone */
const withTimeout = async <A>(
  { signal }: BodyRequest,
  clock: Clock,
  ms: number,
  read: (ended: Promise<never>) => Promise<A>,
): Promise<A> => {
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  const cancelTimer = clock.setTimer(
    () => ended.reject(new SyncError('request_timeout', 'The request body did not arrive within 30 s. Send it again.')),
    ms,
  )
  const onAbort = () => ended.reject(incomplete(signal.reason))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await read(ended.promise)
  } finally {
    cancelTimer()
    signal.removeEventListener('abort', onAbort)
  }
}

/** @returns undefined when the body is too large; the rest of it is unread */
const readText = async (reader: BodyReader, ended: Promise<never>): Promise<string | undefined> => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await Promise.race([readChunk(reader), ended])
    if (done) return text + decode(decoder)
    bytes += value.byteLength
    if (bytes > MAX_BODY_BYTES) return undefined
    text += decode(decoder, value)
  }
}

const discard = async (reader: BodyReader, ended: Promise<never>): Promise<void> => {
  let bytes = 0
  while (bytes < MAX_DISCARDED_BYTES) {
    const { done, value } = await Promise.race([readChunk(reader), ended])
    if (done) return
    bytes += value.byteLength
  }
}

const readChunk = (reader: BodyReader) =>
  reader.read().catch((cause: unknown) => {
    throw incomplete(cause)
  })

const incomplete = (cause: unknown) =>
  new SyncError('bad_request', 'The request body ended before it was complete. Send it again.', { cause })

const decode = (decoder: TextDecoder, bytes?: Uint8Array): string => {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    throw new SyncError('bad_request', 'The body has to be UTF-8.', { cause })
  }
}
