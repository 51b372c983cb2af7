/** Timeout of S3 requests: the SDK alone waits 30 s in each of three attempts, and any Retry-After in between. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { S3Connection } from './connection.ts'
import { asStoreError } from './s3-errors.ts'

/** Default time for S3 to start a response, in ms: clients of the signer wait 30 s. */
export const RESPONSE_TIMEOUT_MS = 20_000

/** Minimum upload rate: a body in memory extends the timeout by its size at this rate. */
const MIN_BYTES_PER_MS = 30

/**
 * `client.send` that fails with `unavailable` when no response has started in time, all attempts together. After the start
 * there is no limit while data moves: a download, or the whitespace that S3 sends while it completes a multipart upload.
 */
export const sendWithTimeout =
  (client: S3Client, ms: number, server: string): S3Connection['send'] =>
  async (command, signal) => {
    const allowed = ms + bodyTimeMs(command.input)
    // A stream has its own timeout, and is tried once.
    if (allowed === Number.POSITIVE_INFINITY) return client.send(command, signal ? { abortSignal: signal } : {})
    const until = performance.now() + allowed
    const late = new AbortController()
    let refused: unknown
    let timer: ReturnType<typeof setTimeout> | undefined
    const start = () => {
      timer ??= setTimeout(() => late.abort(responseTimeout(refused, server)), until - performance.now())
    }
    const stop = () => {
      clearTimeout(timer)
      timer = undefined
    }
    command.middlewareStack.add(
      (next) => async (args) => {
        start()
        const answer = await next(args)
        const { statusCode } = answer.response as { readonly statusCode: number }
        if (statusCode < 300) stop()
        else refused = answer.response
        return answer
      },
      // Innermost middleware: runs per attempt, and returns when the response headers have arrived.
      { step: 'deserialize', priority: 'low', name: 'responseTimeoutMs' },
    )
    try {
      return await client.send(command, { abortSignal: signal ? AbortSignal.any([signal, late.signal]) : late.signal })
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error
    } finally {
      stop()
    }
  }

/** ms that sending the command's body may take. */
const bodyTimeMs = (input: object): number => {
  const body = (input as { readonly Body?: unknown }).Body
  if (body === undefined) return 0
  return body instanceof Uint8Array ? body.length / MIN_BYTES_PER_MS : Number.POSITIVE_INFINITY
}

/** With the Retry-After of S3's last error response, if there was one. */
const responseTimeout = (refused: unknown, server: string) =>
  asStoreError(
    Object.assign(new Error('S3 did not respond in time.'), { name: 'TimeoutError', $response: refused }),
    server,
  )
