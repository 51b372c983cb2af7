import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { toSql } from '../adapters/sqlite/log-file.ts'
import { eventsAfter } from '../testing/events.ts'
import type { Usage } from './event-log.ts'
import { eventBytes } from './event.ts'
import { insertEvents } from './sql-events.ts'
import { createTables } from './sql-schema.ts'
import { openSqlStore } from './sql-store.ts'
import { readUsage } from './usage.ts'

const ORIGIN = { sub: 'ada', at: 1 }

describe('the bytes of a log', () => {
  it('count events that were stored by an import, or by a version that did not count', async () => {
    const sql = toSql(new DatabaseSync(':memory:'), 'The log')
    createTables(sql, { storeId: 'shop', backendId: 'b', createdAt: 1 })
    const events = eventsAfter(0, 'imported', 'pushed', 'by another version', 'last')
    const usages: Usage[] = []
    const append = async (parent: number) => {
      const store = openSqlStore(sql, { backendId: 'b' })
      const check = (_: number, usage: Usage) => usages.push(usage) && 1
      await store.append(parent, events.slice(parent, parent + 1), { ...ORIGIN, check })
      store.close()
    }
    insertEvents(sql, [{ ...events[0]!, ...ORIGIN }])
    await append(1)
    insertEvents(sql, [{ ...events[2]!, ...ORIGIN }])
    await append(3)
    const bytesTo = (count: number) => events.slice(0, count).reduce((sum, event) => sum + eventBytes(event), 0)
    expect(usages).toEqual([1, 3].map((count) => ({ events: count, bytes: bytesTo(count) })))
  })

  it('are right after a restart, and most events are not counted again', async () => {
    const sql = toSql(new DatabaseSync(':memory:'), 'The log')
    createTables(sql, { storeId: 'shop', backendId: 'b', createdAt: 1 })
    const events = eventsAfter(0, ...Array.from({ length: 2_500 }, (_, index) => index))
    const store = openSqlStore(sql, { backendId: 'b' })
    for (let parent = 0; parent < events.length; parent += 100) {
      await store.append(parent, events.slice(parent, parent + 100), ORIGIN)
    }
    store.close()
    const bytes = events.reduce((sum, event) => sum + eventBytes(event), 0)
    expect(readUsage(sql)).toEqual({ events: 2_500, bytes, counted: 2_000 })
  })
})
