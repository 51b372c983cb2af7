/** Event logs in memory, for tests and examples. They are gone when the process ends. */
import type { StoreId } from '@rockpool/protocol'
import { closedError, type EventLog, type Logs } from '../event-log/event-log.ts'
import { hashEvent, type StoredEvent } from '../event-log/event.ts'
import { takePage } from '../event-log/page.ts'
import { planAppend } from '../event-log/plan-append.ts'

type HashedEvent = StoredEvent & { readonly hash: string }

interface Stored {
  readonly backendId: string
  readonly events: HashedEvent[]
}

export const memoryLogs = (): Logs => {
  const stores = new Map<StoreId, Stored>()
  let isOpen = true
  return {
    open: async (storeId) => {
      if (!isOpen) throw closedError()
      const stored = stores.get(storeId) ?? { backendId: crypto.randomUUID(), events: [] }
      stores.set(storeId, stored)
      return memoryLog(stored, () => isOpen)
    },
    close: async () => void (isOpen = false),
  }
}

const memoryLog = ({ backendId, events }: Stored, logsAreOpen: () => boolean): EventLog => {
  let isOpen = true
  const requireOpen = () => {
    if (!isOpen || !logsAreOpen()) throw closedError()
  }
  return {
    backendId,
    head: async () => {
      requireOpen()
      return events.length
    },
    append: async (parent, added, { sub, at, check }) => {
      const pushed = await Promise.all(added.map(hashEvent))
      requireOpen()
      const head = events.length
      const stored = events.slice(parent, parent + pushed.length).map(({ hash }) => hash)
      const plan = planAppend({ parent, head, pushed, stored })
      if (plan.kind !== 'append') return { ...plan, head }
      const { firstNew } = plan
      if (firstNew < added.length) check?.(firstNew)
      for (const [index, event] of added.entries()) {
        if (index >= firstNew) events.push({ ...event, hash: pushed[index]!, sub, at })
      }
      return { kind: 'appended', head: events.length, before: head, firstNew }
    },
    read: async (since, limits) => {
      requireOpen()
      const page = takePage(events.slice(since, since + limits.limit), limits)
      return { head: events.length, events: page.map(({ hash: _, ...event }) => event) }
    },
    close: async () => void (isOpen = false),
  }
}
