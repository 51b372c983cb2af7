/**
 * Tokens of the app: requested when needed, and renewed before they expire. A token that the server rejects is replaced
 * without a pause, but not in a loop. Every method settles within `TOKEN_TIMEOUT_MS`.
 */
import { Effect, Either } from 'effect'
import { backoffMs } from './backoff.ts'
import { readTokenTimes, renewAfterMs } from './token-lifetime.ts'

/** Timeout of the app's token function: a call that hangs must not keep the device offline. */
export const TOKEN_TIMEOUT_MS = 10_000

/** While the server refuses what the user wants to do, a fresh token is asked for at most this often. */
export const RIGHTS_RENEWAL_MS = 10_000

/** Why there is no token now. */
export interface TokenFailure {
  readonly _tag: 'TokenFailure'
  /** `failed`: the app's function threw or took too long. `rejected`: the server rejects what it returns */
  readonly reason: 'failed' | 'rejected'
  readonly message: string
  readonly cause: unknown
}

export interface Tokens {
  readonly get: Effect.Effect<string, TokenFailure>
  /** The server rejects this token. */
  readonly rejected: (token: string, message: string) => void
  /** The server accepts this token, but it does not grant the required right. A fresh one may. */
  readonly lacksRight: (token: string) => void
  /** The server accepted this token. @param serverNowMs time of the server, where its `Date` header can be read */
  readonly accepted: (serverNowMs: number | undefined) => void
  /** ms until the current token should be replaced */
  readonly renewalDelayMs: () => number
}

interface Current {
  readonly token: string
  readonly askedAt: number
  readonly renewAt: number
}

export interface TokensOptions {
  readonly ask: () => Promise<string>
  /** a monotonic clock, ms */
  readonly now: () => number
  readonly random: () => number
}

export const makeTokens = ({ ask, now, random }: TokensOptions): Tokens => {
  const oneAtATime = Effect.unsafeMakeSemaphore(1)
  let current: Current | undefined
  let failures = 0
  let rejections = 0
  let askNoSoonerThan = -Infinity
  let lastFailure: TokenFailure | undefined
  /** the server's time minus `now()` */
  let serverOffset: number | undefined

  const withRenewal = (token: string): Current => {
    const serverNow = serverOffset === undefined ? undefined : now() + serverOffset
    return { token, askedAt: now(), renewAt: now() + renewAfterMs(readTokenTimes(token), serverNow, Date.now()) }
  }

  const failed = (message: string, cause: unknown): TokenFailure => ({
    _tag: 'TokenFailure',
    reason: 'failed',
    message,
    cause,
  })

  const askOnce = Effect.tryPromise({
    try: async () => {
      const token: unknown = await ask()
      if (typeof token !== 'string' || token === '') throw new TypeError('It returned no token.')
      return token
    },
    catch: (cause) =>
      failed(
        `The app’s token function failed: ${cause instanceof Error ? cause.message : String(cause)} Check the token option of makeSync.`,
        cause,
      ),
  }).pipe(
    Effect.timeoutFail({
      duration: TOKEN_TIMEOUT_MS,
      onTimeout: () =>
        failed('The app’s token function did not return within 10 s. Check the token option of makeSync.', undefined),
    }),
  )

  const get = Effect.gen(function* () {
    if (current !== undefined && now() < current.renewAt) return current.token
    if (now() < askNoSoonerThan && (current !== undefined || lastFailure !== undefined)) {
      return current === undefined ? yield* Effect.fail(lastFailure!) : current.token
    }
    const result = yield* Effect.either(askOnce)
    if (Either.isRight(result)) {
      failures = 0
      current = withRenewal(result.right)
      return current.token
    }
    lastFailure = result.left
    askNoSoonerThan = now() + backoffMs(failures++, random())
    // Renewal starts before the token expires, so the old one is still valid.
    return current === undefined ? yield* Effect.fail(result.left) : current.token
  }).pipe(oneAtATime.withPermits(1))

  return {
    get,
    rejected: (token, message) => {
      if (current?.token !== token) return
      current = undefined
      lastFailure = { _tag: 'TokenFailure', reason: 'rejected', message, cause: undefined }
      // The first rejection is likely an expired token. A second one in a row means that a fresh token is no better.
      if (rejections++ > 0) askNoSoonerThan = now() + backoffMs(rejections - 2, random())
    },
    lacksRight: (token) => {
      if (current?.token !== token) return
      current = { ...current, renewAt: Math.min(current.renewAt, current.askedAt + RIGHTS_RENEWAL_MS) }
    },
    accepted: (serverNowMs) => {
      rejections = 0
      lastFailure = undefined
      if (serverNowMs === undefined) return
      const isFirst = serverOffset === undefined
      serverOffset = serverNowMs - now()
      if (isFirst && current) current = withRenewal(current.token)
    },
    renewalDelayMs: () => (current === undefined ? 0 : Math.max(0, current.renewAt - now())),
  }
}
