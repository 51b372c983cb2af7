import type { PoolEvent } from '@rockpool/core/records'
import { describe, expect, it } from 'vitest'
import { insertEvents } from '../event-log/sql-events.ts'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { added, toLogEvent } from '../testing/file-events.ts'
import { MAX_BACKLOG, MAX_WAITING } from './catch-up.ts'

const POISON = `CREATE TRIGGER poison BEFORE INSERT ON files WHEN new.name = 'poison'
  BEGIN SELECT RAISE(ABORT, 'poisoned'); END`
/** One event less than makes an append apply them. */
const backlog = (make: (index: number) => PoolEvent) =>
  Array.from({ length: MAX_BACKLOG - 1 }, (_, index) =>
    Object.assign(toLogEvent(make(index)), { seqNum: index + 1, sub: 'ada', at: 1 }),
  )
const LARGE = { meta: { text: 'x'.repeat(4_000) } }

describe('an event that the tables refuse', () => {
  it('fails alone, wherever it stands in a group', async () => {
    const { database, log, push } = memoryDatabase()
    database.exec(POISON)
    const poisons = ['first', 'middle', 'last'].map((id) => added(id, { name: 'poison' }))
    await push(poisons[0]!, added('a'), poisons[1]!, added('b'), poisons[2]!)
    const { files } = await log.readModel.files({ sort: { by: 'name', direction: 'ascending' } })
    expect(files.map(({ id }) => id)).toEqual(['a', 'b'])
    expect((await log.readModel.failures()).map(({ seqNum }) => seqNum)).toEqual([1, 3, 5])
  })

  it('does not fail the append that applies it', async () => {
    const { database, sql, log, push } = memoryDatabase()
    database.exec(POISON)
    insertEvents(
      sql,
      backlog((index) => added(`f${index}`, index === 500 ? { name: 'poison' } : {})),
    )
    await push(added('last'))
    expect(await log.head()).toBe(MAX_BACKLOG)
    expect(await log.readModel.usage()).toMatchObject({ files: MAX_BACKLOG - 1 })
  })
})

describe('a full disk', () => {
  const fill = (database: { exec(statement: string): void; prepare(query: string): { get(): unknown } }) => {
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number }
    database.exec(`PRAGMA max_page_count = ${pages}`)
    return () => database.exec('PRAGMA max_page_count = 1000000')
  }

  it('is no failure of an event: the reader is told, and the events are applied when there is space', async () => {
    const { database, log, push } = memoryDatabase()
    await push(...Array.from({ length: 10 }, (_, index) => added(`f${index}`, LARGE)))
    const free = fill(database)
    await expect(log.readModel.usage()).rejects.toMatchObject({ code: 'no_space' })
    free()
    expect(await log.readModel.usage()).toMatchObject({ files: 10 })
    expect(await log.readModel.failures()).toEqual([])
  })

  it('fails the append that would apply a group, and stores nothing of it', async () => {
    const { database, sql, log, push } = memoryDatabase()
    insertEvents(
      sql,
      backlog((index) => added(`f${index}`)),
    )
    const free = fill(database)
    await expect(push(added('last'))).rejects.toMatchObject({ code: 'no_space' })
    free()
    expect(await log.head()).toBe(MAX_BACKLOG - 1)
    await push(added('last'))
    expect(await log.readModel.usage()).toMatchObject({ files: MAX_BACKLOG })
  })

  it('in the background fails nothing but the next reader', async () => {
    const { database, log, push } = memoryDatabase()
    const events = Array.from({ length: MAX_WAITING }, (_, index) => added(`f${index}`))
    await push(...events)
    const free = fill(database)
    await new Promise((resolve) => void setTimeout(resolve, 0))
    await expect(log.readModel.usage()).rejects.toMatchObject({ code: 'no_space' })
    free()
    expect(await log.readModel.usage()).toMatchObject({ files: MAX_WAITING })
  })
})
