/** One HTTP call that outlives a store which fails for a moment. */
import { parseRetryAfter } from '@rockpool/protocol'
import { concat } from '../chunks.ts'
import { ArtifactError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { untilAborted } from '../until-aborted.ts'
import type { HttpResponse } from '../transport/transport.ts'

export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | string | undefined
  /** bytes of the response body at most: sets its time limit, and a longer one is an error; 16 MiB unless set */
  readonly expected?: number
  /** whether the reply has the SHA-256 of its body */
  readonly hash?: boolean
  /** whether the call may succeed when it is repeated, although the status does not say so */
  readonly isTransient?: (response: HttpResponse) => boolean
}

/** A response, whole. */
export interface Reply extends HttpResponse {
  /** an earlier attempt got no response, 5xx, or 2xx with an error in its body: it may have taken effect */
  readonly isRepeated: boolean
}

/** The call as it is sent: signed, or with a token. Made for each attempt, since signatures and tokens expire. */
export type Authorize = (call: Call) => Promise<{ readonly url: string; readonly headers: Headers }>

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
  (authorize: Authorize, { request, now, random, wait, timeout }: Runtime): Send =>
  async (call, signal) => {
    const { method, body, expected, hash = false } = call
    const isTransient = (response: HttpResponse) =>
      TRANSIENT.has(response.status) || call.isTransient?.(response) === true
    const timeoutMs = RESPONSE_TIMEOUT_MS + Math.ceil(((body?.length ?? 0) + (expected ?? 0)) / MIN_SPEED)

    /** The reply, or the error of the network. */
    const attempt = async (): Promise<HttpResponse | Error> => {
      const { url, headers } = await untilAborted(authorize(call), signal)
      const late = timeout(timeoutMs)
      const either = signal ? AbortSignal.any([signal, late]) : late
      const maxLength = Math.max(expected ?? MAX_REPLY, MAX_ERROR)
      try {
        return await request({ url, method, headers, body, signal: either, maxLength, hash })
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
        if (!(outcome instanceof Error) && (n === MAX_ATTEMPTS || !isTransient(outcome))) {
          return { ...outcome, isRepeated }
        }
        if (outcome instanceof Error && n === MAX_ATTEMPTS) {
          throw new ArtifactError(
            'unavailable',
            `${new URL(call.url).host} cannot be reached. Check the endpoint and the network, then try again.`,
            { cause: outcome },
          )
        }
        isRepeated ||= outcome instanceof Error || outcome.status >= 500 || outcome.status < 300
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

export const textOfBody = ({ chunks }: HttpResponse): string => new TextDecoder().decode(concat(chunks))
