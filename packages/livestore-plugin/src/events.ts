/** LiveStore's own event class, as the machines use it. */
import { LiveStoreEvent } from '@livestore/common/schema'
import type { EventNumber, NumberPair } from './numbers.ts'

export type Event = LiveStoreEvent.Client.EncodedWithMeta

/** The events were validated when they came in; validating each again costs more than the rest of a step. */
const TRUSTED = { disableValidation: true } as const

/** The same event under another number, with a `meta` of its own: an event that is applied again gets another changeset. */
export const renumber = (event: Event, numbers: NumberPair): Event =>
  new LiveStoreEvent.Client.EncodedWithMeta({ ...event, ...numbers, meta: { ...event.meta } } as never, TRUSTED)

/** A copy with its own `meta`: leader and tab may run in one thread, and each writes its changesets there. */
export const clone = (event: Event): Event =>
  renumber(event, { seqNum: event.seqNum, parentSeqNum: event.parentSeqNum })

/** LiveStore brands its numbers. */
export const toBranded = (number: EventNumber): Event['seqNum'] => number as never
