/** LiveStore's push: sends events to the server, gives the response to the receiver, and fails with LiveStore's errors. */
import { BackendIdMismatchError, IsOfflineError, ServerAheadError, UnknownError } from '@livestore/common'
import { EventSequenceNumber } from '@livestore/common/schema'
import { Effect } from 'effect'
import type { CallFailure, Http } from './http.ts'
import { PushRefusedError, type RefusedEvent } from './push-refused-error.ts'
import { MAX_PUSH_BYTES, splitPush } from './push-split.ts'
import type { Receiver } from './receiver.ts'
import { decodeError, decodeHead, decodePage, decodeRefusals, type SyncEvent, type WireError } from './wire.ts'

export type PushError = BackendIdMismatchError | IsOfflineError | ServerAheadError | UnknownError

/** A request that times out is cut in half, down to this: a slow uplink would never get a large one through. */
const MIN_REQUEST_BYTES = 16_384

/**
 * The session id of a commit that `@rockpool/livestore-plugin` has given an id (its `commit-id.ts`). The server recognizes
 * such an event under any number, so it may number the events of a push after those that came first.
 */
const COMMIT_ID = /#[0-9a-z]+\.[0-9a-z]+$/

export interface PushOptions {
  readonly http: Http
  readonly receiver: Receiver
  /** the log that this device syncs with, once known */
  readonly backendId: () => string | undefined
  /** keeps the first backend id */
  readonly adopt: (backendId: string) => Effect.Effect<void>
  /** the server rejects the push as a whole */
  readonly onRejected: (error: WireError) => void
  /** the server refuses events for good */
  readonly onRefused: (refused: readonly RefusedEvent[]) => void
  readonly onTaken: () => void
  /** @param waits whether a request waits for its response */
  readonly onWaiting: (waits: boolean) => void
}

/** What a failed call means to LiveStore. It tries again after both. */
export const toPushError = (failure: CallFailure): IsOfflineError | UnknownError => {
  switch (failure._tag) {
    case 'NoAnswer':
      return new IsOfflineError({ cause: new Error(failure.message, { cause: failure.cause }) })
    case 'Unavailable':
      return new IsOfflineError({ cause: new Error(failure.message) })
    case 'Rejected':
      return new UnknownError({ cause: new Error(failure.error.message) })
    case 'Unexpected':
      return new UnknownError({ cause: new Error(failure.message) })
    case 'TokenFailure':
      return new UnknownError({ cause: new Error(failure.message, { cause: failure.cause }) })
  }
}

const serverAhead = (head: number, first: SyncEvent): ServerAheadError =>
  ServerAheadError.make({
    minimumExpectedNum: EventSequenceNumber.Global.make(head + 1),
    providedNum: first.seqNum,
  })

/** The token does not give the right to write in the store. */
const rejectionOf = (failure: CallFailure): WireError | undefined =>
  failure._tag === 'Rejected' && failure.status === 403 ? failure.error : undefined

const TOO_LARGE =
  'This change is larger than the sync server takes, 64 KiB. Make it smaller, or put the data into a file.'

/** An event that is larger than any request: the server cannot even look at it. */
const refusalOfLargeEvent = (failure: CallFailure, events: readonly SyncEvent[]): readonly RefusedEvent[] =>
  failure._tag === 'Rejected' && failure.status === 413 && events.length === 1
    ? [{ event: events[0]!, code: 'event_too_large', message: TOO_LARGE }]
    : []

/** A push is sent in requests of a limited size, one after the other. The first that fails ends it. */
export const makePush = (options: PushOptions) => {
  const { http, receiver, onTaken, onRejected, onRefused, onWaiting } = options
  let maxBytes = MAX_PUSH_BYTES

  const fromServer = (
    page: { backendId: string; since: number; head: number; events: readonly SyncEvent[] },
    asOf: number,
  ) =>
    Effect.zipRight(
      options.adopt(page.backendId),
      Effect.sync(() => receiver.receive({ ...page, asOf })),
    )

  /** One request. */
  const pushRequest = (events: readonly SyncEvent[]): Effect.Effect<void, PushError> =>
    Effect.gen(function* () {
      const first = events[0]!
      const since: number = first.parentSeqNum
      const asOf = receiver.view().knownHead
      const backendId = options.backendId()
      const mayRenumber = events.every(({ sessionId }) => COMMIT_ID.test(sessionId))
      const body = { ...(backendId !== undefined && { backendId }), parent: since, mayRenumber, events }
      onWaiting(true)
      const response = yield* http.call({ method: 'POST', path: '/events', body }).pipe(
        Effect.ensuring(Effect.sync(() => onWaiting(false))),
        Effect.tapError((failure) => onFailure(failure, asOf)),
        Effect.catchAll((failure) => {
          const refused = refusalOfLargeEvent(failure, events)
          return Effect.fail(refused.length === 0 ? toPushError(failure) : refuse(refused))
        }),
      )
      if (response.status === 200) {
        const log = decodeHead(response.body)
        if (log === undefined) return yield* Effect.fail(new UnknownError({ cause: malformed() }))
        maxBytes = Math.min(maxBytes * 2, MAX_PUSH_BYTES)
        onTaken()
        // LiveStore gets what the log has after `since` without another request: exactly these events, or those of others
        // and then these under new numbers.
        return yield* fromServer(decodePage(response.body) ?? { ...log, since, events }, asOf)
      }
      if (response.status === 422) return yield* takeRefusals(response.body, events, asOf)
      if (decodeError(response.body)?.code === 'backend_mismatch') {
        const received = decodeHead(response.body)?.backendId ?? 'unknown'
        receiver.receive({ backendId: received, since: 0, head: 0, events: [], asOf: 0 })
        return yield* Effect.fail(new BackendIdMismatchError({ expected: backendId ?? 'unknown', received }))
      }
      const page = decodePage(response.body)
      if (page === undefined) return yield* Effect.fail(new UnknownError({ cause: malformed() }))
      // The page follows the last event in common, so the log has the events of this push up to there.
      const common = events.filter(({ seqNum }) => seqNum <= page.since)
      receiver.pushDropped()
      yield* fromServer(
        { ...page, since: common.length > 0 ? since : page.since, events: [...common, ...page.events] },
        asOf,
      )
      return yield* Effect.fail(serverAhead(page.head, first))
    })

  const refuse = (refused: readonly RefusedEvent[]): UnknownError => {
    receiver.pushDropped()
    onRefused(refused)
    return new UnknownError({ cause: new PushRefusedError(refused) })
  }

  const takeRefusals = (body: unknown, events: readonly SyncEvent[], asOf: number): Effect.Effect<void, PushError> =>
    Effect.gen(function* () {
      const refusals = decodeRefusals(body)
      if (refusals === undefined) return yield* Effect.fail(new UnknownError({ cause: malformed() }))
      const { taken, refused, ...log } = refusals
      const since: number = events[0]!.parentSeqNum
      yield* fromServer(decodePage(body) ?? { ...log, since, events: events.slice(0, taken) }, asOf)
      const refusedEvents = refused.flatMap(({ index, ...why }) => {
        const event = events[index]
        return event === undefined ? [] : [{ ...why, event }]
      })
      return yield* Effect.fail(refuse(refusedEvents))
    })

  const onFailure = (failure: CallFailure, asOf: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (failure._tag === 'NoAnswer' && failure.timedOut) maxBytes = Math.max(maxBytes / 2, MIN_REQUEST_BYTES)
      const rejection = rejectionOf(failure)
      if (rejection !== undefined) {
        receiver.pushDropped()
        onRejected(rejection)
      }
      const log = failure._tag === 'Rejected' ? decodeHead(failure.body) : undefined
      // `parent_ahead`: the log is shorter than it was.
      return log === undefined ? Effect.void : fromServer({ ...log, since: log.head, events: [] }, asOf)
    })

  return (batch: readonly SyncEvent[]): Effect.Effect<void, PushError> =>
    Effect.gen(function* () {
      const last = batch.at(-1)
      if (last === undefined) return
      receiver.pushed(last.seqNum)
      for (const events of splitPush(batch, { maxBytes })) yield* pushRequest(events)
    })
}

const malformed = () =>
  new Error('The sync server responded with something else than its contract says. Update the server.')
