import { afterAll, beforeAll } from 'vitest'
import type { Page } from '../event-log/event-log.ts'
import { closedError } from '../event-log/event-log.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import { startWorker, type TestWorker } from '../test-support/miniflare.ts'
import type { Asked, LogCall } from '../test-support/worker.ts'
import { eventLogSuite } from '../testing/event-log-suite.ts'
import { type ReadModelSubject, readModelSuite, SQLITE_STATEMENTS } from '../testing/read-model-suite.ts'
import { redactSuite } from '../testing/redact-suite.ts'

let worker: TestWorker
beforeAll(async () => {
  worker = await startWorker({})
}, 60_000)
afterAll(() => worker?.stop())

const sendTo = async (object: string, storeId: string, call: LogCall): Promise<never> => {
  const response = await fetch(`${worker.origin}/log/${object}`, {
    method: 'POST',
    body: JSON.stringify({ storeId, call }),
  })
  const body: unknown = await response.json()
  if (!response.ok) throw Object.assign(new Error(), body)
  return body as never
}

/** The log of a Durable Object, from here. `check` runs between two appends: the first one says what `check` gets. */
const remoteLog = async (object: string, storeId: string): Promise<SqlEventLog> => {
  const send = async (call: LogCall): Promise<never> => {
    if (!isOpen) throw closedError()
    return sendTo(object, storeId, call)
  }
  let isOpen = true
  // JSON has no undefined: what is missing travels as null, or not at all.
  const readModel = (name: keyof ReadModel) =>
    [name, async (...args: unknown[]) => (await send({ method: 'readModel', name, args })) ?? undefined] as const
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
      return send({ ...call, check: asked.check && check?.(asked.check.firstNew, asked.check.usage, () => false) })
    },
    close: async () => void (isOpen = false),
    redact: (seqNum, cause) => send({ method: 'redact', seqNum, cause }),
    redactions: (options = {}) => send({ method: 'redactions', options }),
    readModel: Object.fromEntries(READ_MODEL.map(readModel)) as unknown as ReadModel,
  }
}

/** All of them, or this does not compile. */
const CALLS: { readonly [Name in keyof ReadModel]: true } = {
  ...({ file: true, versions: true, content: true, files: true, usage: true, keptUsage: true, isNamed: true } as const),
  ...({ fileEvents: true, liveKeys: true, namedKeys: true, claimedContents: true, settleClaim: true } as const),
  ...({ failures: true, rebuild: true } as const),
}
const READ_MODEL = Object.keys(CALLS) as readonly (keyof ReadModel)[]

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

const openSubject = async (): Promise<ReadModelSubject> => {
  const object = `${++subjects}-shop`
  return {
    open: () => remoteLog(object, 'shop'),
    alter: async (statement) => sendTo(object, 'shop', { method: 'alter', statement }),
    select: (query) => sendTo(object, 'shop', { method: 'select', query }),
    statements: SQLITE_STATEMENTS,
    [Symbol.asyncDispose]: async () => {},
  }
}
readModelSuite('Durable Object', openSubject)
redactSuite('Durable Object', openSubject)
