/**
 * LiveStore's WebSocket sync with tokens that are renewed while the page is open, and each event once (`in-order.ts`).
 *
 * LiveStore takes `syncPayload` once, when the store is made, and sync-cf puts it into the URL of every reconnect and into
 * every message. A token that expires would lock the tab out until it is reloaded. This asks for a token itself, and
 * connects anew with a fresh one before the old one ends, as the LiveStore leader sees it: offline for a moment.
 */
import { makeWsSync, type WsSyncOptions } from '@livestore/sync-cf/client'
import { IsOfflineError } from '@livestore/common'
import { Deferred, Duration, Effect, Option, Schedule, Stream, SubscriptionRef } from 'effect'
import { decodeJwt } from 'jose'
import { inOrder } from './in-order.ts'
import { refusalOf } from './refusal.ts'

export interface TokenSyncOptions {
  /** of the sync backend */
  readonly url: string
  /** a fresh token; called in LiveStore's worker, so it can fetch but not reach the page */
  readonly token: (request: TokenRequest) => Promise<string>
  readonly ping?: WsSyncOptions['ping']
  /**
   * Called with each change, in LiveStore's worker: whether the backend answers, which `navigator.onLine` cannot know.
   * (`networkStatus` of LiveStore 0.4.0 says true now and then while the backend is down.)
   */
  readonly onConnection?: (connected: boolean, storeId: string) => void
  /**
   * Called with each change, in LiveStore's worker: why the backend takes none of this device's changes, in its own words
   * (`This token may not write in the store "x".`), and undefined once it takes them, the first time included. Until then
   * LiveStore sends the same events again and again, and none behind them.
   */
  readonly onRefusal?: (reason: string | undefined, storeId: string) => void
}

/** For whom a token is asked. */
export interface TokenRequest {
  readonly storeId: string
  /** the store's `syncPayload`, the same in every tab for ever: who the user is, never the token itself */
  readonly payload: unknown
}

type SyncBackendConstructor = ReturnType<typeof makeWsSync>
type SyncBackend = Effect.Effect.Success<ReturnType<SyncBackendConstructor>>

interface Connection {
  readonly backend: SyncBackend
  readonly ended: Deferred.Deferred<never, IsOfflineError>
}

/** A token that takes longer to come is asked for again: a request that hangs must not keep the device offline for ever. */
const TOKEN_PATIENCE = Duration.seconds(10)
/** A token is replaced so long before it ends. */
const MARGIN_MS = 30_000
/** A token that lives so short is replaced at half its life. */
const SHORTEST_WAIT_MS = 500
/** The longest that a timer can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1
/** Not connected for so long: perhaps the token is at fault, although it has not expired. */
const PATIENCE = Duration.seconds(15)

/** How long a token can be used, ms. */
export const usableFor = (token: string, now: number): number => {
  const { exp } = decodeJwt(token)
  if (exp === undefined) return LONGEST_WAIT_MS
  const left = exp * 1_000 - now
  return Math.min(Math.max(left - MARGIN_MS, left / 2, SHORTEST_WAIT_MS), LONGEST_WAIT_MS)
}

/** For `sync: { backend: makeTokenSync({ url, token }) }` of a LiveStore adapter, in place of `makeWsSync`. */
export const makeTokenSync =
  ({ url, token, ping, onConnection, onRefusal }: TokenSyncOptions): SyncBackendConstructor =>
  (options) =>
    Effect.gen(function* () {
      const isConnected = yield* SubscriptionRef.make(false)
      /** why the last push that was answered was refused, or undefined when it was taken */
      const answer = yield* SubscriptionRef.make(Option.none<string | undefined>())
      const current = yield* SubscriptionRef.make(Option.none<Connection>())
      const connection = current.changes.pipe(
        Stream.filterMap((connection) => connection),
        Stream.runHead,
        Effect.map(Option.getOrThrow),
      )

      const connectOnce = Effect.gen(function* () {
        const authToken = yield* Effect.tryPromise(() =>
          token({ storeId: options.storeId, payload: options.payload }),
        ).pipe(
          Effect.timeoutFail({
            duration: TOKEN_PATIENCE,
            onTimeout: () => new IsOfflineError({ cause: 'no token came' }),
          }),
        )
        const usable = yield* Effect.try(() => usableFor(authToken, Date.now()))
        const backend = yield* makeWsSync({ url, ...(ping && { ping }) })({ ...options, payload: { authToken } })
        const ended = yield* Deferred.make<never, IsOfflineError>()
        yield* Effect.addFinalizer(() =>
          Effect.all([
            SubscriptionRef.set(current, Option.none()),
            SubscriptionRef.set(isConnected, false),
            Deferred.fail(ended, new IsOfflineError({ cause: 'connecting anew with a fresh token' })),
          ]),
        )
        yield* SubscriptionRef.set(current, Option.some({ backend, ended }))
        yield* backend.connect.pipe(Effect.ignore, Effect.forkScoped)
        yield* backend.isConnected.changes.pipe(
          Stream.runForEach((now) => SubscriptionRef.set(isConnected, now)),
          Effect.forkScoped,
        )
        const lost = backend.isConnected.changes.pipe(
          Stream.debounce(PATIENCE),
          Stream.filter((now) => !now),
          Stream.runHead,
        )
        yield* Effect.race(Effect.sleep(Duration.millis(usable)), lost)
      }).pipe(Effect.scoped)

      if (onConnection) {
        yield* isConnected.changes.pipe(
          Stream.changes,
          Stream.runForEach((connected) => Effect.sync(() => onConnection(connected, options.storeId))),
          Effect.forkScoped,
        )
      }
      if (onRefusal) {
        yield* answer.changes.pipe(
          Stream.filterMap((known) => known),
          Stream.changes,
          Stream.runForEach((reason) => Effect.sync(() => onRefusal(reason, options.storeId))),
          Effect.forkScoped,
        )
      }
      yield* connectOnce.pipe(
        // no token to be had: offline, or signed out
        Effect.retry(Schedule.exponential('1 second').pipe(Schedule.union(Schedule.spaced('30 seconds')))),
        Effect.forever,
        Effect.forkScoped,
      )

      return {
        isConnected,
        connect: Effect.flatMap(connection, ({ backend }) => backend.connect),
        ping: Effect.flatMap(connection, ({ backend }) => backend.ping),
        pull: (cursor, pullOptions) =>
          Stream.unwrap(
            Effect.map(connection, ({ backend, ended }) =>
              backend.pull(cursor, pullOptions).pipe(
                Stream.interruptWhenDeferred(ended),
                inOrder(Option.match(cursor, { onNone: () => 0, onSome: (at) => at.eventSequenceNumber })),
                // The events of a push that is taken often come back before its answer, whereupon LiveStore interrupts it.
                Stream.tap(({ batch }) =>
                  batch.some(({ eventEncoded }) => eventEncoded.clientId === options.clientId)
                    ? SubscriptionRef.set(answer, Option.some(undefined))
                    : Effect.void,
                ),
              ),
            ),
          ),
        push: (batch) =>
          Effect.flatMap(connection, ({ backend, ended }) =>
            Effect.raceFirst(backend.push(batch), Deferred.await(ended)),
          ).pipe(
            Effect.tap(() => SubscriptionRef.set(answer, Option.some(undefined))),
            Effect.tapError((error) => {
              const reason = refusalOf(error)
              return reason === undefined ? Effect.void : SubscriptionRef.set(answer, Option.some(reason))
            }),
          ),
        metadata: { name: '@rockpool/livestore', description: 'LiveStore sync with renewed tokens', url },
        supports: { pullPageInfoKnown: true, pullLive: true },
      } satisfies SyncBackend
    })
