/** Event logs in memory, for tests and examples. They are gone when the process ends. */
import type { StoreId } from '@rockpool/protocol'
import { closedError, type EventLog, type Logs } from '../event-log/event-log.ts'
import { isSameEvent, type LogEvent, type StoredEvent } from '../event-log/event.ts'
import { takePage } from '../event-log/page.ts'
import { planAppend } from '../event-log/plan-append.ts'

interface Stored {
  readonly backendId: string
  readonly events: StoredEvent[]
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
    append: async (parent, pushed, { sub, at, check }) => {
      requireOpen()
      const head = events.length
      const stored = events.slice(parent, parent + pushed.length)
      const plan = planAppend<LogEvent>({ parent, head, pushed, stored, isSame: isSameEvent })
      if (plan.kind !== 'append') return { ...plan, head }
      const { firstNew } = plan
      if (firstNew < pushed.length) check?.(firstNew)
      for (const event of pushed.slice(firstNew)) events.push({ ...event, sub, at })
      return { kind: 'appended', head: events.length, before: head, firstNew }
    },
    read: async (since, limits) => {
      requireOpen()
      return { head: events.length, events: takePage(events.slice(since, since + limits.limit), limits) }
    },
    close: async () => void (isOpen = false),
  }
}
