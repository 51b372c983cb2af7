/** LiveStore's pull: a stream fed by the receiver, and the fiber that requests missing events. */
import { BackendIdMismatchError, SyncBackend } from '@livestore/common'
import { Effect, Either, Option, Stream } from 'effect'
import type { Emission } from './funnel.ts'
import type { CallFailure, Http } from './http.ts'
import type { Pauses } from './pause.ts'
import type { Receiver } from './receiver.ts'
import { makeSignal, type Signal, waitUntil } from './signal.ts'
import { decodePage, type EventPage, type SyncEvent } from './wire.ts'

type PullItem = SyncBackend.PullResItem

/** Events in one item, as in one page of the server, so that LiveStore’s step stays short. */
const MAX_MERGED_EVENTS = 1_000

/**
 * Merges queued emissions into one: LiveStore rebases all pending events for each item, so a busy device would never catch
 * up with single events.
 */
const takeMerged = (
  queue: Emission<SyncEvent>[],
): { readonly emission: Emission<SyncEvent>; readonly count: number } => {
  let count = 1
  let size = queue[0]!.events.length
  while (count < queue.length && size + queue[count]!.events.length <= MAX_MERGED_EVENTS) {
    size += queue[count]!.events.length
    count++
  }
  const taken = queue.splice(0, count)
  return { emission: { events: taken.flatMap(({ events }) => events), remaining: taken.at(-1)!.remaining }, count }
}

const toItem = ({ events, remaining }: Emission<SyncEvent>): PullItem => ({
  batch: events.map((eventEncoded) => ({ eventEncoded, metadata: Option.none() })),
  pageInfo: remaining > 0 ? SyncBackend.pageInfoMoreKnown(remaining) : SyncBackend.pageInfoNoMore,
})

/**
 * The events after `cursor`. A live stream never ends, and fails only when the server has another log; the other one ends
 * with the first item that nothing follows.
 */
export const makePull =
  (receiver: Receiver, requestPull: () => void) =>
  (cursor: number, live: boolean): Stream.Stream<PullItem, BackendIdMismatchError> =>
    Stream.unwrapScoped(
      Effect.gen(function* () {
        const queue: Emission<SyncEvent>[] = []
        let foreignBackend: BackendIdMismatchError | undefined
        const arrived = makeSignal()
        const pull = yield* Effect.acquireRelease(
          Effect.sync(() =>
            receiver.begin(cursor, {
              emit: (emission) => {
                queue.push(emission)
                arrived.notify()
              },
              foreign: (expected, received) => {
                foreignBackend = new BackendIdMismatchError({ expected, received })
                arrived.notify()
              },
            }),
          ),
          ({ end }) => Effect.sync(end),
        )
        requestPull()
        const next = Effect.suspend(() => {
          pull.ready()
          return Effect.flatMap(
            waitUntil(arrived, () => queue.length > 0 || foreignBackend !== undefined),
            () => {
              if (foreignBackend !== undefined) return Effect.fail(foreignBackend)
              const { emission, count } = takeMerged(queue)
              pull.delivered(count)
              return Effect.succeed(toItem(emission))
            },
          )
        })
        const stream = Stream.repeatEffect(next)
        return live ? stream : Stream.takeUntil(stream, ({ pageInfo }) => pageInfo._tag === 'NoMore')
      }),
    )

export interface PullerOptions {
  readonly http: Http
  readonly receiver: Receiver
  readonly changed: Signal
  readonly pauses: Pauses
  readonly adopt: (backendId: string) => Effect.Effect<void>
}

export interface Puller {
  /** Sends one request, even when no event is known to be missing. */
  readonly request: () => void
  readonly run: Effect.Effect<never>
}

export const getEvents = (http: Http, since: number): Effect.Effect<EventPage, CallFailure> =>
  Effect.flatMap(http.call({ method: 'GET', path: `/events?since=${since}` }), ({ body }) => {
    const page = decodePage(body, since)
    return page === undefined
      ? Effect.fail<CallFailure>({
          _tag: 'Unexpected',
          message: 'The sync server responded with something else than its contract says. Update the server.',
        })
      : Effect.succeed(page)
  })

/** Requests pages one by one until no event is missing. */
export const makePuller = ({ http, receiver, changed, pauses, adopt }: PullerOptions): Puller => {
  let isRequested = false

  const canPull = () => {
    const { isRunning, needsPull, funnel } = receiver.view()
    return isRunning && funnel!.name !== 'foreign' && funnel!.name !== 'forked' && (isRequested || needsPull)
  }

  const pullOnce = Effect.gen(function* () {
    yield* waitUntil(changed, canPull)
    isRequested = false
    const before = receiver.view()
    const result = yield* Effect.either(getEvents(http, before.pullSince))
    if (Either.isLeft(result)) {
      receiver.receive('pull_failed')
      isRequested = true
      return yield* pauses.next
    }
    const page = result.right
    yield* adopt(page.backendId)
    receiver.receive({ ...page, asOf: before.knownHead })
    const after = receiver.view()
    if (!after.needsPull || after.pullSince > before.pullSince || !after.isRunning) pauses.reset()
    // A server that announces events but delivers none must not cause a tight loop.
    else yield* pauses.next
  })

  return {
    request: () => {
      isRequested = true
      changed.notify()
    },
    run: Effect.forever(pullOnce),
  }
}
