/** One HTTP call that outlives a store which fails for a moment. */
import { parseRetryAfter } from '@rockpool/protocol'
import { ArtifactError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'

export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | string | undefined
  /** bytes of the response body at most: sets its time limit, and a longer one is an error; 16 MiB unless set */
  readonly expected?: number
}

/** Status, headers and the whole body of a response. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array<ArrayBuffer>
  /** an earlier attempt got no response, or 5xx: it may have taken effect */
  readonly isRepeated: boolean
}

/** The call as it is sent: signed, or with a token. Made for each attempt, since signatures and tokens expire. */
export type Authorize = (call: Call) => Promise<{ readonly url: string; readonly headers: HeadersInit }>

export type Send = (call: Call, signal?: AbortSignal) => Promise<Reply>

/** The last one fails about 10 s after the first when the store refuses immediately. */
const MAX_ATTEMPTS = 6
/** The wait after attempt n is a random time up to `FIRST_WAIT_MS * 2 ** n`, or what Retry-After asks for. */
const FIRST_WAIT_MS = 200
const MAX_WAIT_MS = 20_000
/** Time until a store responds to a call without a body. */
const RESPONSE_TIMEOUT_MS = 30_000
/** The slowest connection that a call outlives, in bytes per ms: a part of 8 MiB takes 4 min 40 s. */
const MIN_SPEED = 30

/** Statuses after which the same call may succeed. 409: S3's OperationAborted and ConditionalRequestConflict. */
const TRANSIENT = new Set([408, 409, 425, 429, 500, 502, 503, 504])

/**
 * Sends calls, each up to six times. The reply may have any status; a transient one is returned after the last attempt.
 *
 * @throws ArtifactError `unavailable` when no attempt got a response, `aborted`
 */
export const createSend =
  (authorize: Authorize, { fetch, now, random, wait, timeout }: Runtime): Send =>
  async (call, signal) => {
    const { method, body, expected } = call
    const timeoutMs = RESPONSE_TIMEOUT_MS + Math.ceil(((body?.length ?? 0) + (expected ?? 0)) / MIN_SPEED)

    /** The reply, or the error of the network. */
    const attempt = async (): Promise<Omit<Reply, 'isRepeated'> | Error> => {
      const { url, headers } = await authorize(call)
      const late = timeout(timeoutMs)
      const either = signal ? AbortSignal.any([signal, late]) : late
      const init = { method, headers, redirect: 'manual', signal: either, ...(body !== undefined && { body }) } as const
      try {
        return await whole(method, fetch(url, init), Math.max(expected ?? MAX_REPLY, MAX_ERROR))
      } catch (error) {
        signal?.throwIfAborted()
        return error as Error
      }
    }

    try {
      let isRepeated = false
      for (let n = 1; ; n++) {
        signal?.throwIfAborted()
        const outcome = await attempt()
        if (!(outcome instanceof Error) && (n === MAX_ATTEMPTS || !TRANSIENT.has(outcome.status))) {
          return { ...outcome, isRepeated }
        }
        if (outcome instanceof Error && n === MAX_ATTEMPTS) {
          throw new ArtifactError(
            'unavailable',
            `${new URL(call.url).host} cannot be reached. Check the endpoint and the network, then try again.`,
            { cause: outcome },
          )
        }
        isRepeated ||= outcome instanceof Error || outcome.status >= 500
        const asked = outcome instanceof Error ? undefined : parseRetryAfter(outcome.headers.get('retry-after'), now())
        await wait(Math.min(MAX_WAIT_MS, asked ?? random() * FIRST_WAIT_MS * 2 ** n), signal)
      }
    } catch (error) {
      if (signal?.aborted) throw new ArtifactError('aborted', 'The call was cancelled.', { cause: signal.reason })
      throw error
    }
  }

/** Bytes of a listing of 1,000 long keys are 2 MiB. */
const MAX_REPLY = 16 * 1024 * 1024
/** Bytes of an error document, which comes instead of the bytes. */
const MAX_ERROR = 64 * 1024

const whole = async (
  method: string,
  responding: Promise<Response>,
  maxLength: number,
): Promise<Omit<Reply, 'isRepeated'>> => {
  const { status, headers, body } = await responding
  // The Content-Length of a reply to HEAD is that of the object.
  if (body === null || method === 'HEAD') return { status, headers, bytes: new Uint8Array() }
  const length = lengthOf(headers)
  if (length !== undefined && length > maxLength) {
    // A proxy that ignores ranges would fill the memory with the whole artifact.
    await body.cancel()
    throw new TypeError(`The response has ${length} bytes, at most ${maxLength} were expected.`)
  }
  return { status, headers, bytes: await readWhole(body, length) }
}

/** Undefined when the response does not say, or says it of compressed bytes. */
const lengthOf = (headers: Headers): number | undefined => {
  const length = headers.has('content-encoding') ? null : headers.get('content-length')
  return length === null ? undefined : Number(length)
}

/** Fills one buffer: `arrayBuffer()` of Node 24 takes 1.6 times the CPU time for a part (measured: 8 MiB from Ceph). */
const readWhole = async (
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | undefined,
): Promise<Uint8Array<ArrayBuffer>> => {
  if (length === undefined) return new Uint8Array(await new Response(body).arrayBuffer())
  const bytes = new Uint8Array(length)
  const reader = body.getReader()
  let filled = 0
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes.set(read.value, filled)
    filled += read.value.length
  }
  if (filled < length) throw new TypeError('The response ended before its last byte.')
  return bytes
}
