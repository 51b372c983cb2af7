/**
 * The provider of `packages/livestore`, put together as `make-sync.ts` does, without tokens and HTTP: its funnel, receiver,
 * puller, push, socket, polling and watchdog are the real ones.
 */
import { Cause, Effect, Exit, Option, Stream } from 'effect'
import { makeConnection } from '../../../livestore/src/sync-client/connection.ts'
import type { CallFailure, CallResponse, Http } from '../../../livestore/src/sync-client/http.ts'
import { makeLive } from '../../../livestore/src/sync-client/live.ts'
import { makePauses } from '../../../livestore/src/sync-client/pause.ts'
import { runPolling } from '../../../livestore/src/sync-client/polling.ts'
import { makePull, makePuller } from '../../../livestore/src/sync-client/pull.ts'
import { makePush } from '../../../livestore/src/sync-client/push.ts'
import { makeReceiver } from '../../../livestore/src/sync-client/receiver.ts'
import { runWatchdog } from '../../../livestore/src/sync-client/run-watchdog.ts'
import { makeSignal } from '../../../livestore/src/sync-client/signal.ts'
import type { Tokens } from '../../../livestore/src/sync-client/tokens.ts'
import type { SyncEvent } from '../../../livestore/src/sync-client/wire.ts'
import type { BackendPushOutcome } from '../leader/backend-pusher.ts'
import { refusedEvents, toNumbered } from '../leader/refused-events.ts'
import type { NumberedEvent } from '../numbers.ts'
import { makeEffects } from './effects.ts'
import { makeFakeSocket } from './fake-socket.ts'
import type { Machines } from './machines.ts'
import type { CallResult, Network } from './network.ts'
import { type Await, makeQueue, type Process } from './process.ts'
import type { World } from './world.ts'

/** As in `make-sync.ts`. */
const HTTP_ONLY_MS = 60_000

export interface BackendItem {
  readonly events: readonly NumberedEvent[]
  readonly isLast: boolean
}

export type PushResult =
  | Exclude<BackendPushOutcome, 'refused'>
  /** for good */
  | { readonly refused: readonly NumberedEvent[] }

export interface Provider {
  readonly pull: (cursor: number) => { readonly next: Await<BackendItem>; readonly end: () => void }
  readonly push: (batch: readonly NumberedEvent[]) => Await<PushResult>
  readonly becomesConnected: Await<void>
  /** The leader's fibers are interrupted: so is their push. */
  readonly interrupt: () => void
}

export interface ProviderOptions {
  readonly world: World
  readonly process: Process
  readonly machines: Machines
  readonly network: Network
  readonly device: number
  /** the backend id that the device has kept */
  readonly kept: { backendId: string | undefined }
  readonly restart: () => void
  readonly onStuck: () => void
}

export const startProvider = (options: ProviderOptions): Provider => {
  const { world, process, machines, network, device, kept } = options
  const effects = makeEffects(world, process)
  const now = world.now
  const [wakeUp, changed] = [makeSignal(), makeSignal()]
  const connected = new Set<() => void>()
  let wasAnswered = false
  let interruptPush: () => void = () => {}

  const receiver = machines.wrapReceiver(
    makeReceiver({ backendId: kept.backendId, now, onChange: () => changed.notify() }),
  )
  const connection = Effect.runSync(
    makeConnection({
      hasAnsweredBefore: kept.backendId !== undefined,
      receiver,
      changed,
      now,
      onContact: () => {
        const isAnswered = connection?.contact().type === 'responded'
        if (isAnswered && !wasAnswered) for (const resume of [...connected]) resume()
        wasAnswered = isAnswered
      },
    }),
  )
  const http = connection.observe({
    call: (request) =>
      Effect.async<CallResponse, CallFailure>((resume) => {
        network.call(device, request, (result) => {
          process.after(0, 'gets a response', () => resume(toEffect(result)))
        })
      }),
  } satisfies Http)
  const adopt = (id: string) =>
    Effect.sync(() => {
      kept.backendId ??= id
    })

  const puller = makePuller({ http, receiver, changed, pauses: makePauses(wakeUp), adopt })
  const live = makeLive({
    url: 'http://server/sync/store',
    WebSocket: makeFakeSocket(network, device, process),
    tokens: {
      get: Effect.succeed('token'),
      accepted: () => {},
      rejected: () => {},
      lacksRight: () => {},
      renewalDelayMs: () => 1e9,
    } as Tokens,
    receiver,
    connection,
    changed,
    wakeUp,
    pauses: makePauses(wakeUp),
    now,
    requestPull: puller.request,
  })
  let pushWaitsSince: number | undefined
  const push = makePush({
    http,
    receiver,
    backendId: () => kept.backendId,
    adopt,
    onTaken: () => {},
    onRejected: ({ message }) => world.fail(`The server rejected a push: ${message}`),
    onRefused: () => {},
    onWaiting: (waits) => {
      pushWaitsSince = waits ? now() : undefined
    },
  })

  for (const loop of [
    connection.run,
    puller.run,
    live.run,
    runPolling({ noSocketSince: live.noSocketSince, receiver, changed, wakeUp, now, requestPull: puller.request }),
    runWatchdog({
      now,
      requestPull: puller.request,
      onWokeUp: () => {
        puller.request()
        wakeUp.notify()
      },
      onRecovered: () => {},
      snapshot: (sleptUntil) => {
        const view = receiver.view()
        const answers = connection.contact().type === 'responded' ? connection.respondedSince() : undefined
        const since = (time: number | undefined) => time && Math.max(time, sleptUntil, answers ?? 0)
        return {
          now: now(),
          serverAnswers: answers !== undefined,
          pullEndedAt: since(view.pullEndedAt),
          pushWaitsSince: since(pushWaitsSince),
          unconfirmedSince: since(view.unconfirmedSince),
          behindSince: since(view.behindSince),
          noSocketSince: since(live.noSocketSince()),
        }
      },
      carryOut: {
        pull: puller.request,
        reconnect: () => live.redial(0),
        http_only: () => live.redial(HTTP_ONLY_MS),
        restart: options.restart,
        stuck: options.onStuck,
      },
    }),
  ] as readonly Effect.Effect<never>[]) {
    effects.run(loop, (exit) => {
      world.fail(`A loop of the provider ended: ${Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ''}`)
    })
  }

  return {
    pull: (cursor) => {
      const items = makeQueue<{ readonly item: BackendItem; readonly processed: () => void }>()
      let processed = () => {}
      const stream = makePull(receiver, puller.request)(cursor, true)
      const end = effects.run(
        Stream.runForEach(stream, ({ batch, pageInfo }) =>
          Effect.async<void>((resume) => {
            const events = batch.map(({ eventEncoded }) => toNumbered(eventEncoded))
            items.offer({
              item: { events, isLast: pageInfo._tag === 'NoMore' },
              processed: () => resume(Effect.void),
            })
          }),
        ),
        (exit) => world.fail(`The pull ended: ${Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ''}`),
      )
      return {
        next: (resume) => {
          processed()
          return items.take((next) => {
            processed = next.processed
            resume(next.item)
          })
        },
        end,
      }
    },
    push: (batch) => (resume) => {
      const cancel = effects.run(push(batch.map(toGlobal)), (exit) => {
        if (Exit.isFailure(exit) && Cause.isDie(exit.cause)) world.fail(Cause.pretty(exit.cause))
        else resume(outcomeOf(exit))
      })
      interruptPush = cancel
      return cancel
    },
    becomesConnected: (resume) => {
      const once = () => {
        connected.delete(once)
        resume()
      }
      connected.add(once)
      return () => connected.delete(once)
    },
    interrupt: () => interruptPush(),
  }
}

const toEffect = (result: CallResult): Effect.Effect<CallResponse, CallFailure> => {
  if (typeof result === 'string') {
    return Effect.fail({ _tag: 'NoAnswer', message: result, cause: undefined, timedOut: result === 'timeout' })
  }
  const { status, body } = result
  if (status === 200 || status === 409 || status === 422) return Effect.succeed({ status, body })
  if (status >= 500) return Effect.fail({ _tag: 'Unavailable', status, message: 'unavailable' })
  return Effect.fail({ _tag: 'Rejected', status, error: (body as { error: never }).error, body })
}

const outcomeOf = (exit: Exit.Exit<void, { readonly _tag: string }>): PushResult => {
  if (Exit.isSuccess(exit)) return 'taken'
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error?._tag === 'ServerAheadError') return 'server ahead'
  const refused = refusedEvents(error)
  return refused.length === 0 ? 'failed' : { refused: refused.map(toNumbered) }
}

const toGlobal = ({ name, args, clientId, sessionId, seqNum, parentSeqNum }: NumberedEvent): SyncEvent =>
  ({ name, args, seqNum: seqNum.global, parentSeqNum: parentSeqNum.global, clientId, sessionId }) as SyncEvent
