import { describe, expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { eventsAfter } from '../testing/events.ts'
import { appendGroup } from './append-group.ts'
import { createRecentEvents } from './recent-events.ts'
import { readHead } from './sql-events.ts'

const POISON = `CREATE TRIGGER poison BEFORE INSERT ON events WHEN new.args LIKE '%poison%'
  BEGIN SELECT RAISE(ABORT, 'poisoned'); END`

const append = (parent: number, ...values: readonly string[]) => ({
  parent,
  events: eventsAfter(parent, ...values),
  options: { sub: 'ada', at: 1 },
})

const setUp = () => {
  const opened = memoryDatabase()
  const recent = createRecentEvents(1024 * 1024)('shop')
  const stored = () =>
    Array.from(opened.sql.rows('SELECT args FROM events ORDER BY seqNum'), ({ args }) => JSON.parse(String(args)).value)
  const inMemory = () => [...recent.after(0)].flatMap(({ events }) => events.map(({ seqNum }) => seqNum))
  return { ...opened, memory: { recent, usage: undefined }, stored, inMemory }
}

describe('a group of appends', () => {
  it('is one transaction: the disk is synced once', () => {
    const { sql, memory } = setUp()
    let transactions = 0
    let depth = 0
    const counting = {
      ...sql,
      transaction: <A>(work: () => A): A => {
        if (depth++ === 0) transactions++
        try {
          return sql.transaction(work)
        } finally {
          depth--
        }
      },
    }
    appendGroup(counting, memory, [append(0, 'a'), append(1, 'b'), append(2, 'c')])
    expect(transactions).toBe(1)
    expect(readHead(sql)).toBe(3)
  })

  it('loses only the push whose events the table refuses, also those before the refused one', () => {
    const { database, sql, memory, stored, inMemory } = setUp()
    database.exec(POISON)
    const results = appendGroup(sql, memory, [append(0, 'a'), append(1, 'b', 'poison'), append(1, 'c')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(stored()).toEqual(['a', 'c'])
    expect(inMemory()).toEqual([1, 2])
  })

  it('stores nothing when the disk is full, and remembers none of its events', () => {
    const { database, sql, memory, stored, inMemory } = setUp()
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number }
    database.exec(`PRAGMA max_page_count = ${pages}`)
    const group = [append(0, 'a'), append(1, 'x'.repeat(100_000)), append(2, 'c')]
    expect(() => appendGroup(sql, memory, group)).toThrow(expect.objectContaining({ code: 'no_space' }))
    expect(database.isTransaction).toBe(false)
    expect(stored()).toEqual([])
    expect(inMemory()).toEqual([])
  })
})
