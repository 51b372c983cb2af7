/** LiveStore's own event class, as the machines use it. */
import { LiveStoreEvent } from '@livestore/common/schema'
import type { EventNumber, NumberPair } from './numbers.ts'

export type Event = LiveStoreEvent.Client.EncodedWithMeta

/** Numbers come from events that were validated when they came in; validating each again costs more than the rest. */
const TRUSTED = { disableValidation: true } as const

/** The same event under another number, with a `meta` of its own: what is applied again gets another changeset. */
export const renumber = (event: Event, numbers: NumberPair): Event =>
  new LiveStoreEvent.Client.EncodedWithMeta({ ...event, ...numbers, meta: { ...event.meta } } as never, TRUSTED)

/** Leader and tab may run in one thread: neither may see what the other one keeps in `meta`. */
export const clone = (event: Event): Event =>
  renumber(event, { seqNum: event.seqNum, parentSeqNum: event.parentSeqNum })

/** LiveStore brands its numbers. */
export const toBranded = (number: EventNumber): Event['seqNum'] => number as never
