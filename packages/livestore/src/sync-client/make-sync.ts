/**
 * LiveStore's sync provider over the sync HTTP contract (`docs/contracts/sync-http.md`).
 *
 * Push and pull are plain HTTP, the socket is only an optimization, and everything passes through one funnel, so correctness
 * never depends on a connection's state. The pull never ends: failures are retried here, and reported as a status.
 */
import { SyncBackend, UnknownError } from '@livestore/common'
import { type SyncStatus, syncStatus } from '@rockpool/core'
import { Effect, Option, Random } from 'effect'
import { makeConnection } from './connection.ts'
import { makeHttp } from './http.ts'
import { leaders, PLUGIN_MISSING } from './leader-mark.ts'
import { makeLive } from './live.ts'
import { hasNetwork, onWakeUp } from './network.ts'
import { makePauses } from './pause.ts'
import { runPolling } from './polling.ts'
import { makePull, makePuller } from './pull.ts'
import { makePush, toPushError } from './push.ts'
import { makeReceiver } from './receiver.ts'
import { runWatchdog } from './run-watchdog.ts'
import { makeSignal } from './signal.ts'
import type { RefusedEvent } from './push-refused-error.ts'
import { publishSyncStatus, refusalsOf } from './status-channel.ts'
import { logProblemOf, type SyncFacts, statusOf } from './status.ts'
import { makeStatusReporter } from './status-reporter.ts'
import { makeTokens } from './tokens.ts'
import { snapshotOf } from './watchdog-snapshot.ts'

export interface MakeSyncOptions {
  /** of the sync server: `${url}/<storeId>/head` is a call. Relative to the page in a browser */
  readonly url: string
  /** a fresh token; called in LiveStore's worker, so it can fetch but not reach the page */
  readonly token: (request: TokenRequest) => Promise<string>
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
  /** Called after each change, in LiveStore's worker. Pages use `watchSyncStatus(storeId)`. */
  readonly onStatus?: (status: SyncStatus, storeId: string) => void
  /**
   * Called in LiveStore's worker with events that the server refused for good. They are rolled back on this device. The pool
   * keeps those of Rockpool and shows them (`pool.sync`); this is for the app's own.
   */
  readonly onRefused?: (refused: readonly RefusedEvent[], storeId: string) => void
}

/** Identifies the user and the store that a token is for. */
export interface TokenRequest {
  readonly storeId: string
  /** the store's `syncPayload`, the same in every tab: who the user is, never the token itself */
  readonly payload: unknown
}

const storeUrl = (url: string, storeId: string): string =>
  `${new URL(url, globalThis.location?.href).href.replace(/\/$/, '')}/${encodeURIComponent(storeId)}`

/** The watchdog's step `http_only` lasts this long. */
const HTTP_ONLY_MS = 60_000

/** For `sync: { backend: makeSync({ url, token }) }` of a LiveStore adapter. */
export const makeSync =
  (options: MakeSyncOptions): SyncBackend.SyncBackendConstructor =>
  ({ storeId, payload }) =>
    Effect.gen(function* () {
      const wakeUp = makeSignal()
      const publisher = publishSyncStatus(storeId, wakeUp.notify)
      const report = makeStatusReporter({ storeId, publisher, onStatus: options.onStatus })
      if (leaders() === undefined) {
        // The publisher stays open: a page that opens later requests the status.
        report(syncStatus('plugin_missing', PLUGIN_MISSING))
        return yield* Effect.fail(new UnknownError({ cause: new Error(PLUGIN_MISSING) }))
      }
      yield* Effect.addFinalizer(() => Effect.sync(publisher.close))

      const clock = yield* Effect.clock
      const now = () => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n)
      const url = yield* Effect.try({
        try: () => storeUrl(options.url, storeId),
        catch: () => new UnknownError({ cause: new Error(`makeSync needs an http(s) url; got "${options.url}".`) }),
      })
      const storedBackendId = yield* SyncBackend.makeBackendIdHelper
      const backendId = () => Option.getOrUndefined(storedBackendId.get())
      const adopt = (id: string) =>
        backendId() === undefined ? Effect.ignore(storedBackendId.lazySet(id)) : Effect.void

      const changed = makeSignal()
      const receiver = makeReceiver({
        backendId: backendId(),
        now,
        onChange: () => {
          changed.notify()
          update()
        },
      })
      const connection = yield* makeConnection({
        hasAnsweredBefore: backendId() !== undefined,
        receiver,
        changed,
        now,
        onContact: () => update(),
      })
      let refusal: SyncFacts['refusal']
      let isStuck = false
      let pushWaitsSince: number | undefined
      const logProblem = () => logProblemOf(receiver.view().funnel?.name)
      const update = () =>
        report(
          statusOf({
            url: options.url,
            hasNetwork: hasNetwork(),
            hasResponded: connection.hasResponded(),
            contact: connection.contact(),
            log: logProblem(),
            refusal,
            isStuck,
          }),
        )

      const tokens = makeTokens({
        ask: () => options.token({ storeId, payload }),
        now,
        random: () => Effect.runSync(Random.next),
      })
      const http = connection.observe(
        makeHttp({ url, fetch: options.fetch ?? globalThis.fetch.bind(globalThis), tokens, now }),
      )
      const puller = makePuller({ http, receiver, changed, pauses: makePauses(wakeUp), adopt })
      const live = makeLive({
        url,
        WebSocket: options.WebSocket ?? globalThis.WebSocket,
        tokens,
        receiver,
        connection,
        changed,
        wakeUp,
        pauses: makePauses(wakeUp),
        now,
        requestPull: puller.request,
      })
      const push = makePush({
        http,
        receiver,
        backendId,
        adopt,
        onTaken: () => {
          refusal = undefined
          update()
        },
        onRejected: ({ code, message }) => {
          refusal = { code: code === 'forbidden' ? 'forbidden' : 'push_refused', message }
          update()
        },
        onRefused: (refused) => {
          publisher.publishRefusals(refusalsOf(refused))
          options.onRefused?.(refused, storeId)
          refusal = { code: 'push_refused', message: refused[0]!.message }
          update()
        },
        onWaiting: (waits) => {
          pushWaitsSince = waits ? now() : undefined
        },
      })
      const pull = makePull(receiver, puller.request)
      const wake = () => {
        puller.request()
        wakeUp.notify()
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => onWakeUp(wake)),
        (stop) => Effect.sync(stop),
      )

      for (const loop of [
        connection.run,
        puller.run,
        live.run,
        runPolling({ noSocketSince: live.noSocketSince, receiver, changed, wakeUp, now, requestPull: puller.request }),
        Effect.forever(Effect.tap(wakeUp.wait, () => Effect.sync(puller.request))),
        runWatchdog({
          now,
          requestPull: puller.request,
          onWokeUp: wake,
          onRecovered: () => {
            isStuck = false
            update()
          },
          snapshot: (sleptUntil) =>
            snapshotOf({
              now: now(),
              sleptUntil,
              connection,
              view: receiver.view(),
              pushWaitsSince,
              noSocketSince: live.noSocketSince(),
              isHalted: logProblem() !== undefined,
            }),
          carryOut: {
            pull: puller.request,
            reconnect: () => live.redial(0),
            http_only: () => live.redial(HTTP_ONLY_MS),
            restart: () => leaders()?.get(storeId)?.restart(),
            stuck: () => {
              isStuck = true
              update()
            },
          },
        }),
      ]) {
        yield* Effect.forkScoped(loop)
      }
      update()

      return SyncBackend.of({
        isConnected: connection.isConnected,
        connect: Effect.void,
        ping: http.call({ method: 'GET', path: '/head' }).pipe(Effect.asVoid, Effect.mapError(toPushError)),
        pull: (cursor, pullOptions) =>
          pull(
            Option.match(cursor, { onNone: () => 0, onSome: (at) => at.eventSequenceNumber }),
            pullOptions?.live === true,
          ),
        push: (batch) => Effect.withClock(push(batch), clock),
        metadata: {
          name: '@rockpool/livestore',
          description: 'Sync over HTTP, with a socket for speed',
          url: options.url,
        },
        supports: { pullPageInfoKnown: true, pullLive: true },
      })
    })
