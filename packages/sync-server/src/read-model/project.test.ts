import { describe, expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { added } from '../testing/file-events.ts'

const POISON = `CREATE TRIGGER poison BEFORE INSERT ON files WHEN new.name = 'poison'
  BEGIN SELECT RAISE(ABORT, 'poisoned'); END`
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
    const { database, log, push } = memoryDatabase()
    database.exec(POISON)
    await push(
      ...Array.from({ length: 1_000 }, (_, index) => added(`f${index}`, index === 500 ? { name: 'poison' } : {})),
    )
    expect(await log.head()).toBe(1_000)
    expect(await log.readModel.usage()).toMatchObject({ files: 999 })
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
    const { database, log, push } = memoryDatabase()
    const events = Array.from({ length: 1_000 }, (_, index) => added(`f${index}`, LARGE))
    await push(...events.slice(0, 999))
    const free = fill(database)
    await expect(push(...events.slice(999))).rejects.toMatchObject({ code: 'no_space' })
    free()
    expect(await log.head()).toBe(999)
    await push(...events.slice(999))
    expect(await log.readModel.usage()).toMatchObject({ files: 1_000 })
  })
})
