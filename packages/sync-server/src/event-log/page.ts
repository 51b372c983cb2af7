/** How many events a page takes. */
import { eventBytes, type StoredEvent } from './event.ts'
import type { ReadLimits } from './event-log.ts'

/** The first of `events` within the limits, but at least one. Reads no further than it needs to. */
export const takePage = <E extends StoredEvent>(events: Iterable<E>, { limit, maxBytes }: ReadLimits): E[] => {
  const page: E[] = []
  let bytes = 0
  for (const event of events) {
    bytes += eventBytes(event) + 1
    if (page.length > 0 && bytes > maxBytes) break
    page.push(event)
    if (page.length >= limit) break
  }
  return page
}
