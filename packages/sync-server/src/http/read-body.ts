/** Reads the body of a request: limited in bytes and in time. */
import type { Clock } from '../clock.ts'
import { SyncError } from './errors.ts'

export const MAX_BODY_BYTES = 1024 * 1024

/** A client that sends slower than this is disconnected (slow loris). */
export const BODY_TIMEOUT_MS = 30_000

/** @throws SyncError `too_large`, `request_timeout`, `bad_request` */
export const readBody = async (request: Request, clock: Clock): Promise<string> => {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  if (!request.body) return ''
  const reader = request.body.getReader()
  const interrupted = Promise.withResolvers<never>()
  interrupted.promise.catch(() => {})
  const cancelTimer = clock.setTimer(
    () =>
      interrupted.reject(
        new SyncError('request_timeout', 'The request body did not arrive within 30 s. Send it again.'),
      ),
    BODY_TIMEOUT_MS,
  )
  const onAbort = () => interrupted.reject(incomplete(request.signal.reason))
  request.signal.addEventListener('abort', onAbort)
  if (request.signal.aborted) onAbort()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    let text = ''
    let bytes = 0
    for (;;) {
      const read = reader.read().catch((cause: unknown) => {
        throw incomplete(cause)
      })
      const { done, value } = await Promise.race([read, interrupted.promise])
      if (done) return text + decode(decoder)
      bytes += value.byteLength
      if (bytes > MAX_BODY_BYTES) throw tooLarge()
      text += decode(decoder, value)
    }
  } catch (error) {
    void reader.cancel(error).catch(() => {})
    throw error
  } finally {
    cancelTimer()
    request.signal.removeEventListener('abort', onAbort)
  }
}

const tooLarge = () => new SyncError('too_large', `Send at most ${MAX_BODY_BYTES} bytes at a time.`)

const incomplete = (cause: unknown) =>
  new SyncError('bad_request', 'The request body ended before it was complete. Send it again.', { cause })

const decode = (decoder: TextDecoder, bytes?: Uint8Array): string => {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    throw new SyncError('bad_request', 'The body has to be UTF-8.', { cause })
  }
}
