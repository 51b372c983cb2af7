import { EventSequenceNumber, type Store } from '@livestore/livestore'
import type { Confirmation } from '@rockpool/core'
import { EVENT_NAMES } from '@rockpool/core/records'
import { Effect, Option, Schedule, Stream } from 'effect'

/** LiveStore ends its event stream when another tab's worker takes over the database: this reads on there. */
const READ_ON_AFTER = '1 second'

/** Rockpool's events that the sync backend has confirmed: LiveStore's event stream gives no others. */
export const confirmations = (
  store: Pick<Store<any, any>, 'eventsStream'>,
  since: string | undefined,
  signal: AbortSignal,
): AsyncIterable<Confirmation> => {
  let cursor = since
  return Stream.suspend(() =>
    store.eventsStream({
      // Always a filter: without one an event that the app's schema does not know fails the stream.
      filter: EVENT_NAMES,
      ...(cursor === undefined ? {} : { since: EventSequenceNumber.Client.fromString(cursor) }),
    }),
  ).pipe(
    Stream.filterMap(toConfirmation),
    Stream.tap((confirmation) => Effect.sync(() => (cursor = confirmation.cursor))),
    Stream.repeat(Schedule.spaced(READ_ON_AFTER)),
    Stream.interruptWhen(aborted(signal)),
    Stream.toAsyncIterable,
  ) as AsyncIterable<Confirmation>
}

const toConfirmation = (event: {
  readonly args: unknown
  readonly seqNum: EventSequenceNumber.Client.Composite
}): Option.Option<Confirmation> => {
  const opId = (event.args as { readonly opId?: unknown } | null | undefined)?.opId
  return typeof opId === 'string'
    ? Option.some({ opId, cursor: EventSequenceNumber.Client.toString(event.seqNum) })
    : Option.none()
}

const aborted = (signal: AbortSignal) =>
  Effect.async<void>((resume) => {
    const done = () => resume(Effect.void)
    if (signal.aborted) return done()
    signal.addEventListener('abort', done, { once: true })
    return Effect.sync(() => signal.removeEventListener('abort', done))
  })
