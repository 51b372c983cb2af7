import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { toSql } from '../adapters/sqlite/log-file.ts'
import { eventsAfter } from '../testing/events.ts'
import type { Usage } from './event-log.ts'
import { eventBytes } from './event.ts'
import { insertEvents } from './sql-events.ts'
import { sqlEventLog } from './sql-log.ts'
import { createTables } from './sql-schema.ts'
import { openSqlStore } from './sql-store.ts'

const ORIGIN = { sub: 'ada', at: 1 }

describe('the bytes of a log', () => {
  it('count events that were stored by an import, or by a version that did not count', async () => {
    const sql = toSql(new DatabaseSync(':memory:'), 'The log')
    createTables(sql, { storeId: 'shop', backendId: 'b', createdAt: 1 })
    const store = openSqlStore(sql, { backendId: 'b' })
    const log = sqlEventLog(
      () => store,
      async () => {},
    )
    const events = eventsAfter(0, 'imported', 'pushed', 'by another version', 'last')
    const usages: Usage[] = []
    const append = (parent: number) =>
      log.append(parent, events.slice(parent, parent + 1), {
        ...ORIGIN,
        check: (_, usage) => usages.push(usage) && 1,
      })
    insertEvents(sql, [{ ...events[0]!, ...ORIGIN }])
    await append(1)
    insertEvents(sql, [{ ...events[2]!, ...ORIGIN }])
    await append(3)
    const bytesTo = (count: number) => events.slice(0, count).reduce((sum, event) => sum + eventBytes(event), 0)
    expect(usages).toEqual([1, 3].map((count) => ({ events: count, bytes: bytesTo(count) })))
  })
})
