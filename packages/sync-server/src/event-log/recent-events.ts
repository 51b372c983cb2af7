/**
 * The events that were appended last, in memory and encoded. Devices that push at the same time lack the same events, and
 * each of them gets these with the response to its push: reading them from SQLite every time costs several times the append itself.
 */
import type { StoreId } from '@rockpool/protocol'
import type { EncodedEvents, StoredEvent } from './event.ts'

/** Those of one store. */
export interface RecentEvents {
  /** The events after `since`, append by append, as far as they are in memory: none when `since` is in the middle of one. */
  after(since: number): Iterable<EncodedEvents>
  /** The `count` events after `since`; undefined unless all of them are in memory. */
  take(since: number, count: number): readonly StoredEvent[] | undefined
  /** Call it with the insert, and `clear` when that is rolled back. */
  add(appended: EncodedEvents): void
  /** Call it when a stored event changes, or may have changed: the next page comes from SQLite. */
  clear(): void
}

/**
 * @param maxBytes JSON of all stores together; the oldest append is evicted first
 * @returns the recent events of a store
 */
export const createRecentEvents = (maxBytes: number): ((storeId: StoreId) => RecentEvents) => {
  /** by store and number before the first event, the oldest append first */
  const appends = new Map<string, EncodedEvents>()
  let bytes = 0

  const evict = (key: string, { json }: EncodedEvents) => {
    appends.delete(key)
    bytes -= json.byteLength
  }

  return (storeId) => {
    const prefix = `${storeId}/`
    const keyOf = (since: number) => `${prefix}${since}`

    function* after(since: number): Generator<EncodedEvents, void> {
      let append = appends.get(keyOf(since))
      while (append) {
        yield append
        append = appends.get(keyOf(append.events.at(-1)!.seqNum))
      }
    }

    return {
      after,
      take: (since, count) => {
        const taken: StoredEvent[] = []
        for (const { events } of after(since)) {
          if (taken.length >= count) break
          for (const event of events) taken.push(event)
        }
        return taken.length < count ? undefined : taken.slice(0, count)
      },
      add: (appended) => {
        appends.set(keyOf(appended.events[0]!.seqNum - 1), appended)
        bytes += appended.json.byteLength
        for (const [key, oldest] of appends) {
          if (bytes <= maxBytes) break
          evict(key, oldest)
        }
      },
      clear: () => {
        for (const [key, append] of appends) if (key.startsWith(prefix)) evict(key, append)
      },
    }
  }
}
