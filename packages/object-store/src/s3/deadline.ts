/** Patience with an S3 that hangs: the SDK alone would wait 30 s in each of three attempts, and any Retry-After between. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { S3Connection } from './connection.ts'
import { asStoreError } from './s3-errors.ts'

/** ms in which S3 has to begin an answer, unless told otherwise: a client of the signer waits 30 s. */
export const ANSWER_WITHIN = 20_000

/** Bytes a millisecond at which a body in memory travels at least, which is time that S3 has besides. */
const SLOWEST = 30

/**
 * `client.send` that fails with `unavailable` when S3 has not begun to answer in time, all attempts together. Once it has,
 * the rest may take as long as it moves: a download, or the blanks that S3 sends while it puts an object together.
 */
export const sendWithin =
  (client: S3Client, ms: number): S3Connection['send'] =>
  async (command, signal) => {
    const allowed = ms + timeOfBody(command.input)
    // A stream has its own time, and is tried once.
    if (allowed === Number.POSITIVE_INFINITY) return client.send(command, signal ? { abortSignal: signal } : {})
    const until = performance.now() + allowed
    const late = new AbortController()
    let refused: unknown
    let timer: ReturnType<typeof setTimeout> | undefined
    const start = () => {
      timer ??= setTimeout(() => late.abort(noAnswer(refused)), until - performance.now())
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
      // Next to the wire: it sees each attempt, and the answer when its headers are there.
      { step: 'deserialize', priority: 'low', name: 'answerWithin' },
    )
    try {
      return await client.send(command, { abortSignal: signal ? AbortSignal.any([signal, late.signal]) : late.signal })
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error
    } finally {
      stop()
    }
  }

/** ms that a command's body may take to travel. */
const timeOfBody = (input: object): number => {
  const body = (input as { readonly Body?: unknown }).Body
  if (body === undefined) return 0
  return body instanceof Uint8Array ? body.length / SLOWEST : Number.POSITIVE_INFINITY
}

/** With the Retry-After of S3's last refusal, if there was one. */
const noAnswer = (refused: unknown) =>
  asStoreError(Object.assign(new Error('S3 did not answer in time.'), { name: 'TimeoutError', $response: refused }))
