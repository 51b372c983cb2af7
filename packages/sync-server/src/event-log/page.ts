/** How many events a page takes. */
import { type EncodedEvents, encodeEvents, eventBytes, type StoredEvent } from './event.ts'
import type { Page, ReadLimits } from './event-log.ts'

type Content = Omit<Page, 'head'>

/** The first of `events` within the limits, but at least one. Reads no further than it needs to. */
export const takePage = (events: Iterable<StoredEvent>, { limit, maxBytes }: ReadLimits): Content => {
  const page: StoredEvent[] = []
  let bytes = 0
  for (const event of events) {
    bytes += eventBytes(event) + 1
    if (page.length > 0 && bytes > maxBytes) break
    page.push(event)
    if (page.length >= limit) break
  }
  return { events: page, json: page.length === 0 ? [] : [encodeEvents(page).json] }
}

/** The first of `batches` within the limits: undefined when there is none, or the first one has to be cut. */
export const takeBatches = (batches: Iterable<EncodedEvents>, { limit, maxBytes }: ReadLimits): Content | undefined => {
  const page: EncodedEvents[] = []
  let [count, bytes] = [0, 0]
  for (const batch of batches) {
    count += batch.events.length
    bytes += batch.json.byteLength + 1
    if (count > limit || bytes > maxBytes) break
    page.push(batch)
  }
  if (page.length === 0) return undefined
  return { events: page.flatMap(({ events }) => events), json: page.map(({ json }) => json) }
}
