import { afterAll, beforeAll } from 'vitest'
import type { EventLog, Page } from '../event-log/event-log.ts'
import { closedError } from '../event-log/event-log.ts'
import { startWorker, type TestWorker } from '../test-support/miniflare.ts'
import type { Asked, LogCall } from '../test-support/worker.ts'
import { eventLogSuite } from '../testing/event-log-suite.ts'

let worker: TestWorker
beforeAll(async () => {
  worker = await startWorker({})
}, 60_000)
afterAll(() => worker?.stop())

/** The log of a Durable Object, from here. `check` runs between two appends: the first one says what `check` gets. */
const remoteLog = async (object: string, storeId: string): Promise<EventLog> => {
  const send = async (call: LogCall): Promise<never> => {
    if (!isOpen) throw closedError()
    const response = await fetch(`${worker.origin}/log/${object}`, {
      method: 'POST',
      body: JSON.stringify({ storeId, call }),
    })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as never
  }
  let isOpen = true
  return {
    backendId: await send({ method: 'open' }),
    head: () => send({ method: 'head' }),
    read: async (since, limits) => {
      const page: Omit<Page, 'json'> & { json: string[] } = await send({ method: 'read', since, limits })
      // JSON has no undefined.
      return {
        ...page,
        events: page.events.map((event) => Object.assign({ sub: undefined, argsJson: undefined }, event)),
        json: page.json.map((piece) => new TextEncoder().encode(piece)),
      }
    },
    append: async (parent, events, { check, ...options }) => {
      const call = { method: 'append', parent, events, options } as const
      const asked: Asked = check ? await send({ ...call, check: 'ask' }) : {}
      return send({ ...call, check: asked.check && check?.(asked.check.firstNew, asked.check.usage) })
    },
    close: async () => void (isOpen = false),
  }
}

let subjects = 0
eventLogSuite(
  'Durable Object',
  async () => {
    const subject = ++subjects
    return {
      logs: { open: (storeId) => remoteLog(`${subject}-${storeId}`, storeId), close: async () => {} },
      [Symbol.asyncDispose]: async () => {},
    }
  },
  { restarts: false },
)
