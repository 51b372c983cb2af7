import { type Buckets, DEFAULT_BUCKETS, RockpoolError, type TokenClaims } from '@rockpool/protocol'
import { Cause, Effect, Exit, identity, Scope } from 'effect'
import { type EnginePorts, makePool } from './engine/engine.ts'
import { effectClock } from './platform/effect-clock.ts'
import type { EngineSettings } from './engine/services.ts'
import type { Pool } from './pool.ts'
import { browserSend, type Send, sendByFetch } from './engine/transfers/http.ts'

export interface PoolOptions extends EnginePorts {
  /** as the signer has them; one bucket `files` with access `store` when not given */
  readonly buckets?: Buckets
  /** claims of the user's token, for refusing early; without them only the servers refuse */
  readonly claims?: () => TokenClaims | undefined
  /** distinguishes several devices with the same store in one process; not for browsers */
  readonly device?: string
  /** the platform's own when not given */
  readonly fetch?: typeof fetch
  /** how uploads are sent; default: `fetch` if that is given, else XMLHttpRequest, which reports progress */
  readonly send?: Send
  /**
   * Connections to the object store that transfers use at the same time. 6 when not given: as many as a browser opens to one
   * host by HTTP/1.1. Rockpool's own sync holds none of them, since its WebSocket does not count and its requests are short. 5 where
   * something else holds one to the host of the object store: an event stream, or the long polls of another sync backend.
   */
  readonly connections?: number
  /**
   * How many claims per minute the pool checks with the signer, at most: content that the log calls stored without a
   * receipt. Checks run after the index was lost, and once a day. Default: 30
   */
  readonly checksPerMinute?: number
  /** path of the app, below which its service worker serves file URLs, with `/` at both ends; `/` when not given */
  readonly base?: string
}

const CONNECTIONS = 6
const CHECKS_PER_MINUTE = 30

/**
 * Opens an engine with the adapters of your choice. A web app wants `openPool` of `rockpool` instead.
 *
 * @throws RockpoolError `disk_failed`, `closed` when a port does not work, `bad_request` for an option that cannot be
 */
export const createPool = async (options: PoolOptions): Promise<Pool> => {
  const scope = Effect.runSync(Scope.make())
  const opened = await Effect.runPromiseExit(
    makePool(options, engineSettings(options)).pipe(
      Scope.extend(scope),
      options.platform ? Effect.withClock(effectClock(options.platform.clock)) : identity,
    ),
  )
  if (Exit.isSuccess(opened)) return opened.value
  await Effect.runPromise(Scope.close(scope, opened))
  throw Cause.squash(opened.cause)
}

export const engineSettings = ({
  log,
  buckets,
  claims,
  device,
  fetch: fetchLike,
  send,
  connections,
  checksPerMinute,
  base,
}: PoolOptions): EngineSettings => ({
  storeId: log.storeId,
  buckets: buckets ?? DEFAULT_BUCKETS,
  claims: claims ?? (() => undefined),
  scope: device === undefined ? log.storeId : `${device}:${log.storeId}`,
  fetch: fetchLike ?? ((input, init) => fetch(input, init)),
  connections: positive('connections', connections ?? CONNECTIONS),
  checksPerMinute: positive('checksPerMinute', checksPerMinute ?? CHECKS_PER_MINUTE),
  base: base ?? '/',
  send: send ?? (fetchLike ? sendByFetch(fetchLike) : browserSend),
})

const positive = (name: string, value: number): number => {
  if (Number.isFinite(value) && value > 0) return value
  throw new RockpoolError(
    'bad_request',
    `The option "${name}" has to be a number above 0. Leave it out for the default.`,
  )
}
