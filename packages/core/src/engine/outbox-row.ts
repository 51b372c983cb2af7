import type { OutboxRow } from '../ports/index-port.ts'
import type { PoolEvent } from '../records/events.ts'

let made = 0

/** Sorts by time, then by the order in this tab. */
export const outboxRow = (event: PoolEvent, now: number): OutboxRow => ({
  id: `${String(now).padStart(16, '0')}-${String(made++).padStart(8, '0')}-${event.opId}`,
  event,
})
