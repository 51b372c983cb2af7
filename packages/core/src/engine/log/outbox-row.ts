import type { OutboxRow, RefusedMark } from '../../ports/local-index.ts'
import type { PoolEvent } from '../../records/events.ts'

let made = 0

/** Sorts by time, then by the order in this tab. */
export const outboxRow = (event: PoolEvent, now: number): OutboxRow => ({
  id: `${String(now).padStart(16, '0')}-${String(made++).padStart(8, '0')}-${event.opId}`,
  event,
})

/**
 * Prefix of the ids of refused rows. They sort behind all others, which start with a digit: one range query finds them,
 * and a changed row's key tells whether it is refused. An outbox may hold a month's work.
 */
export const REFUSED_PREFIX = 'refused:'

export const isRefusedId = (id: string): boolean => id.startsWith(REFUSED_PREFIX)

/** The row that takes the place of `row`. */
export const refusedRow = (row: OutboxRow, refused: RefusedMark, event: PoolEvent = row.event): OutboxRow => ({
  id: `${REFUSED_PREFIX}${row.id}`,
  event,
  refused,
})
