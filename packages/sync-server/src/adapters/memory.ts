/** Event logs in memory, for tests and examples. They are gone when the process ends. */
import type { StoreId } from '@rockpool/protocol'
import { closedError, type EventLog, type Logs } from '../event-log/event-log.ts'
import { eventBytes, isSameEvent, type LogEvent, type StoredEvent } from '../event-log/event.ts'
import { takePage } from '../event-log/page.ts'
import { planAppend } from '../event-log/plan-append.ts'

interface Stored {
  readonly backendId: string
  readonly events: StoredEvent[]
  /** bytes of the events as JSON */
  bytes: number
}

export const memoryLogs = (): Logs => {
  const stores = new Map<StoreId, Stored>()
  let isOpen = true
  return {
    open: async (storeId) => {
      if (!isOpen) throw closedError()
      const stored = stores.get(storeId) ?? { backendId: crypto.randomUUID(), events: [], bytes: 0 }
      stores.set(storeId, stored)
      return memoryLog(stored, () => isOpen)
    },
    close: async () => void (isOpen = false),
  }
}

const memoryLog = (store: Stored, logsAreOpen: () => boolean): EventLog => {
  const { backendId, events } = store
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
      const usage = { events: head, bytes: store.bytes }
      const taken = check && firstNew < pushed.length ? check(firstNew, usage) : pushed.length
      for (const event of pushed.slice(firstNew, taken)) {
        events.push({ ...event, sub, at })
        store.bytes += eventBytes(event)
      }
      return { kind: 'appended', head: events.length, before: head, firstNew, taken }
    },
    read: async (since, limits) => {
      requireOpen()
      return { head: events.length, ...takePage(events.slice(since, since + limits.limit), limits) }
    },
    close: async () => void (isOpen = false),
  }
}
