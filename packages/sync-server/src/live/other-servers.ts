/** Sends what other servers on the same logs append to the subscribers of this one. */
import type { StoreId } from '@rockpool/protocol'
import type { AppendWatcher, Logs } from '../event-log/event-log.ts'
import { MAX_EVENTS } from '../http/route.ts'
import type { Hub } from './hub.ts'
import { MAX_MESSAGE_BYTES } from './message.ts'

export interface OtherServersOptions {
  readonly logs: Pick<Logs, 'open' | 'storeIds'>
  readonly hub: Pick<Hub, 'publish' | 'storeIds' | 'hasSubscribers'>
  readonly onError: (error: unknown) => void
  /** see `SyncOptions`; called for all stores when appends may have been missed */
  readonly onAppend?: ((storeId: StoreId) => void) | undefined
}

/**
 * Appends that are reported while a page is read share the next page. A message that does not fit what a device has makes it
 * pull, so what is lost here only arrives later.
 */
export const publishOtherServers = ({ logs, hub, onError, onAppend }: OtherServersOptions): AppendWatcher => {
  /** the number before the first event that was reported and not read yet */
  const waiting = new Map<StoreId, number>()
  const reading = new Set<StoreId>()

  const publishAll = async (storeId: StoreId) => {
    if (reading.has(storeId)) return
    reading.add(storeId)
    try {
      for (let since = take(storeId); since !== undefined; since = take(storeId)) {
        const log = await logs.open(storeId)
        const page = await log.read(since, { limit: MAX_EVENTS, maxBytes: MAX_MESSAGE_BYTES })
        hub.publish(storeId, {
          backendId: log.backendId,
          since,
          head: page.head,
          events: page.events,
          storedAt: page.events[0]?.at,
        })
      }
    } catch (error) {
      onError(error)
    } finally {
      reading.delete(storeId)
    }
  }

  const take = (storeId: StoreId): number | undefined => {
    const since = waiting.get(storeId)
    waiting.delete(storeId)
    return since
  }

  /** Without events: who lacks some, pulls. */
  const publishHead = async (storeId: StoreId) => {
    try {
      const log = await logs.open(storeId)
      const head = await log.head()
      hub.publish(storeId, { backendId: log.backendId, since: head, head, events: [] })
    } catch (error) {
      onError(error)
    }
  }

  const reportAll = async () => {
    if (!onAppend) return
    try {
      for (const storeId of (await logs.storeIds?.()) ?? []) onAppend(storeId)
    } catch (error) {
      onError(error)
    }
  }

  return {
    appended: (storeId, since) => {
      onAppend?.(storeId)
      if (!hub.hasSubscribers(storeId)) return
      waiting.set(storeId, Math.min(since, waiting.get(storeId) ?? since))
      void publishAll(storeId)
    },
    resumed: () => {
      for (const storeId of hub.storeIds()) void publishHead(storeId)
      void reportAll()
    },
  }
}
