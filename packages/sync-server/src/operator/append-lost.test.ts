import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import type { EventLog } from '../event-log/event-log.ts'
import { eventsAfter } from '../testing/events.ts'
import { appendLost } from './append-lost.ts'

const KEYS = [`shop/files/${'a'.repeat(64)}`, `shop/files/${'b'.repeat(64)}`] as RemoteKey[]
const readAll = async (log: EventLog) => (await log.read(0, { limit: 100, maxBytes: 1e6 })).events

test('appends one event per key behind what the log has, and returns what devices should hear', async () => {
  const log = await memoryLogs().open('shop')
  await log.append(0, eventsAfter(0, 'note'), { sub: 'ada', at: 1 })
  const update = await appendLost(log, KEYS, 5)
  expect(update).toMatchObject({ backendId: log.backendId, since: 1, head: 3 })
  const events = await readAll(log)
  expect(update.events).toEqual(events.slice(1))
  expect(events.slice(1).map(({ name, argsJson, at }) => [name, JSON.parse(argsJson!).remoteKey, at])).toEqual(
    KEYS.map((key) => ['v2.ContentLost', key, 5]),
  )
})

test('a push that comes between reading the head and appending is kept', async () => {
  const log = await memoryLogs().open('shop')
  let isFirst = true
  const overtaken: EventLog = {
    ...log,
    head: async () => {
      const head = await log.head()
      if (isFirst) await log.append(head, eventsAfter(head, 'overtaking'), { sub: 'ada', at: 1 })
      isFirst = false
      return head
    },
  }
  expect(await appendLost(overtaken, KEYS, 5)).toMatchObject({ since: 1, head: 3 })
  expect((await readAll(log)).map(({ name }) => name)).toEqual([expect.any(String), 'v2.ContentLost', 'v2.ContentLost'])
})

test('appends nothing for no keys', async () => {
  const log = await memoryLogs().open('shop')
  expect(await appendLost(log, [], 5)).toMatchObject({ since: 0, head: 0, events: [] })
})
