/** One call of the sync HTTP contract: a token, a request, a decoded response or a failure of a closed set. */
import { parseRetryAfter } from '@rockpool/protocol'
import { Duration, Effect } from 'effect'
import type { TokenFailure, Tokens } from './tokens.ts'
import { decodeError, type WireError } from './wire.ts'

/** A call without progress for this time fails, since the leader waits for it. */
export const CALL_TIMEOUT_MS = 20_000
/** The longest wait for a `Retry-After` inside a call, so that it settles in time. */
const MAX_WAIT_MS = 15_000
/** A `Retry-After` above this is a mistake. */
const MAX_RETRY_AFTER_MS = 3_600_000

export interface CallRequest {
  readonly method: 'GET' | 'POST'
  /** below `<url>/<storeId>` */
  readonly path: string
  readonly body?: unknown
}

export interface CallResponse {
  readonly status: 200 | 409 | 422
  readonly body: unknown
}

export type CallFailure =
  /** no response: the network, or a server that is away */
  | { readonly _tag: 'NoAnswer'; readonly message: string; readonly cause: unknown; readonly timedOut: boolean }
  /** the server limits the rate, or cannot serve this request now */
  | { readonly _tag: 'Unavailable'; readonly status: number; readonly message: string; readonly error?: WireError }
  /** the server refuses this call */
  | { readonly _tag: 'Rejected'; readonly status: number; readonly error: WireError; readonly body: unknown }
  /** something that is not a sync server responded */
  | { readonly _tag: 'Unexpected'; readonly message: string }
  | TokenFailure

export interface Http {
  readonly call: (request: CallRequest) => Effect.Effect<CallResponse, CallFailure>
}

export interface HttpOptions {
  /** `<url>/<storeId>` */
  readonly url: string
  readonly fetch: typeof fetch
  readonly tokens: Tokens
  /** a monotonic clock, ms */
  readonly now: () => number
}

const noResponse = (message: string, cause: unknown, timedOut = false): CallFailure => ({
  _tag: 'NoAnswer',
  message,
  cause,
  timedOut,
})

const timeout = <A, R>(effect: Effect.Effect<A, CallFailure, R>): Effect.Effect<A, CallFailure, R> =>
  Effect.timeoutFail(effect, {
    duration: Duration.millis(CALL_TIMEOUT_MS),
    onTimeout: () => noResponse('The sync server did not respond within 20 s.', undefined, true),
  })

const connectionFailed = (cause: unknown): CallFailure =>
  noResponse(
    `The connection to the sync server failed (${cause instanceof Error ? cause.message : String(cause)}).`,
    cause,
  )

/** Reads chunk by chunk: the timeout restarts with each chunk. */
const readText = (response: Response): Effect.Effect<string, CallFailure> =>
  Effect.gen(function* () {
    if (response.body === null) return ''
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    while (true) {
      const chunk = yield* timeout(Effect.tryPromise({ try: () => reader.read(), catch: connectionFailed }))
      if (chunk.done) return text + decoder.decode()
      text += decoder.decode(chunk.value, { stream: true })
    }
  })

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const retryAfterMs = ({ headers }: Response): number =>
  Math.min(parseRetryAfter(headers.get('retry-after'), Date.now()) ?? 0, MAX_RETRY_AFTER_MS)

const serverTime = (response: Response): number | undefined => {
  const time = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(time) ? undefined : time
}

export const makeHttp = ({ url, fetch, tokens, now }: HttpOptions): Http => {
  /** no request before this time, by the server's `Retry-After` */
  let noSoonerThan = -Infinity
  /**
   * The last request got a response, and its connection may have been closed since: a server closes idle ones, and a client that
   * was busy finds out by its next request.
   */
  let mayBeStale = false
  const connected = (isConnected: boolean) => Effect.sync(() => void (mayBeStale = isConnected))

  const send = ({ method, path, body }: CallRequest, token: string) =>
    Effect.gen(function* () {
      const abort = new AbortController()
      yield* Effect.addFinalizer(() => Effect.sync(() => abort.abort()))
      const response = yield* timeout(
        Effect.tryPromise({
          try: () =>
            fetch(url + path, {
              method,
              headers: {
                authorization: `Bearer ${token}`,
                ...(body !== undefined && { 'content-type': 'application/json' }),
              },
              ...(body !== undefined && { body: JSON.stringify(body) }),
              cache: 'no-store',
              signal: abort.signal,
            }),
          catch: connectionFailed,
          // Every call of the contract may be repeated.
        }).pipe(Effect.retry({ times: 1, while: () => mayBeStale })),
      ).pipe(Effect.tapBoth({ onSuccess: () => connected(true), onFailure: () => connected(false) }))
      return { response, body: parseJson(yield* readText(response)) }
    }).pipe(Effect.scoped)

  const waitForTurn = Effect.gen(function* () {
    yield* Effect.sleep(Duration.millis(Math.min(Math.max(noSoonerThan - now(), 0), MAX_WAIT_MS)))
    if (now() < noSoonerThan) {
      yield* Effect.fail<CallFailure>({
        _tag: 'Unavailable',
        status: 429,
        message: 'Too many requests to the sync server. Sync resumes after a pause.',
      })
    }
  })

  const call = (request: CallRequest, isRetry = false): Effect.Effect<CallResponse, CallFailure> =>
    Effect.gen(function* () {
      if (now() < noSoonerThan) yield* waitForTurn
      const token = yield* tokens.get
      const { response, body } = yield* send(request, token)
      const { status } = response
      const error = decodeError(body)
      if (status === 401) {
        const message = error?.message ?? 'The sync server does not accept the token.'
        tokens.rejected(token, message)
        return isRetry
          ? yield* Effect.fail<CallFailure>({ _tag: 'TokenFailure', reason: 'rejected', message, cause: undefined })
          : yield* call(request, true)
      }
      if (status === 200 || status === 409 || status === 422) {
        tokens.accepted(serverTime(response))
        if (body !== undefined) return { status, body } satisfies CallResponse
      }
      if (status === 429 || status >= 500) {
        noSoonerThan = now() + retryAfterMs(response)
        return yield* Effect.fail<CallFailure>({
          _tag: 'Unavailable',
          status,
          message: `The sync server responded with ${status}${error ? `: ${error.message}` : '.'}`,
          ...(error && { error }),
        })
      }
      if (error !== undefined && status >= 400) {
        tokens.accepted(serverTime(response))
        if (status === 403) tokens.lacksRight(token)
        return yield* Effect.fail<CallFailure>({ _tag: 'Rejected', status, error, body })
      }
      return yield* Effect.fail<CallFailure>({
        _tag: 'Unexpected',
        message: `${url} responded with ${status}, but not as a sync server. Check the url option of makeSync.`,
      })
    })

  return { call: (request) => call(request) }
}
