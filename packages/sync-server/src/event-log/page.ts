/** How many events a page takes. */
import { type EncodedEvents, encodeEvents, eventBytes, type StoredEvent } from './event.ts'
import type { Page, ReadLimits } from './event-log.ts'

/** The first of `events` within the limits, but at least one. Reads no further than it needs to. */
export const takePage = (events: Iterable<StoredEvent>, limits: ReadLimits): Omit<Page, 'head'> =>
  toContent([encodeEvents(takeEvents(events, limits, 1))])

/** As {@link takePage}, of events that are encoded. Only a batch that has to be cut is encoded again. */
export const takeBatches = (batches: Iterable<EncodedEvents>, { limit, maxBytes }: ReadLimits): Omit<Page, 'head'> => {
  const page: EncodedEvents[] = []
  let [count, bytes] = [0, 0]
  for (const batch of batches) {
    const room = { limit: limit - count, maxBytes: maxBytes - bytes }
    count += batch.events.length
    bytes += batch.json.byteLength + 1
    if (count <= limit && bytes <= maxBytes) page.push(batch)
    else {
      page.push(encodeEvents(takeEvents(batch.events, room, page.length === 0 ? 1 : 0)))
      break
    }
  }
  return toContent(page)
}

const takeEvents = (events: Iterable<StoredEvent>, { limit, maxBytes }: ReadLimits, atLeast: number): StoredEvent[] => {
  const taken: StoredEvent[] = []
  if (limit === 0) return taken
  let bytes = 0
  for (const event of events) {
    bytes += eventBytes(event) + 1
    if (taken.length >= atLeast && bytes > maxBytes) break
    taken.push(event)
    if (taken.length >= limit) break
  }
  return taken
}

const toContent = (batches: readonly EncodedEvents[]): Omit<Page, 'head'> => {
  const page = batches.filter(({ events }) => events.length > 0)
  return { events: page.flatMap(({ events }) => events), json: page.map(({ json }) => json) }
}
