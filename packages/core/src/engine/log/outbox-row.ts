import type { OutboxRow, RefusedMark } from '../../ports/index-port.ts'
import type { PoolEvent } from '../../records/events.ts'

let made = 0

/** Sorts by time, then by the order in this tab. */
export const outboxRow = (event: PoolEvent, now: number): OutboxRow => ({
  id: `${String(now).padStart(16, '0')}-${String(made++).padStart(8, '0')}-${event.opId}`,
  event,
})

/**
 * Ids of refused rows start with it and sort behind those of the others, which start with a digit. So one range has them,
 * and the key of a row that changed says whether it is one: an outbox may hold a month's work.
 */
export const REFUSED_PREFIX = 'refused:'

export const isRefusedId = (id: string): boolean => id.startsWith(REFUSED_PREFIX)

/** The row that takes the place of `row`. */
export const refusedRow = (row: OutboxRow, refused: RefusedMark, event: PoolEvent = row.event): OutboxRow => ({
  id: `${REFUSED_PREFIX}${row.id}`,
  event,
  refused,
})
