import type { PoolEvent } from '@rockpool/core/records'
import { describe, expect, it } from 'vitest'
import { insertEvents } from '../event-log/sql-events.ts'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { added, toLogEvent } from '../testing/file-events.ts'
import { MAX_BACKLOG, MAX_WAITING } from './catch-up.ts'
import { readApplied } from './schema.ts'

/** Timers of 0 ms that were set before have run. */
const nextTurn = () => new Promise((resolve) => void setTimeout(resolve, 0))

const numbered = (events: readonly PoolEvent[]) =>
  events.map((event, index) => Object.assign(toLogEvent(event), { seqNum: index + 1, sub: 'ada', at: 1 }))

const files = (count: number, prefix = 'file') =>
  Array.from({ length: count }, (_, index) => added(`${prefix}-${index}`))

describe('events that nobody reads', () => {
  it(`are applied in the background when ${MAX_WAITING} wait`, async () => {
    const { sql, push } = memoryDatabase()
    await push(...files(MAX_WAITING - 1))
    await nextTurn()
    expect(readApplied(sql)).toBe(0)
    await push(added('last'))
    expect(readApplied(sql)).toBe(0)
    await nextTurn()
    expect(readApplied(sql)).toBe(MAX_WAITING)
    await push(added('next'))
    await nextTurn()
    expect(readApplied(sql)).toBe(MAX_WAITING)
  })

  it('are left alone once the log is closed', async () => {
    const { sql, log, push } = memoryDatabase()
    await push(...files(MAX_WAITING))
    await log.close()
    await nextTurn()
    expect(readApplied(sql)).toBe(0)
  })

  it(`are applied by the append that makes ${MAX_BACKLOG} of them, where the background does not`, async () => {
    const { sql, push } = memoryDatabase()
    insertEvents(sql, numbered(files(MAX_BACKLOG - 2)))
    await push(added('last but one'))
    expect(readApplied(sql)).toBe(0)
    await push(added('last'))
    expect(readApplied(sql)).toBeGreaterThan(0)
  })

  it('are applied by the first call that reads', async () => {
    const { sql, log, push } = memoryDatabase()
    await push(...files(3))
    expect(await log.readModel.usage()).toEqual({ files: 3, bytes: 9 })
    expect(readApplied(sql)).toBe(3)
  })
})

describe('a log of several groups', () => {
  const largeLog = async () => {
    const memory = memoryDatabase()
    insertEvents(memory.sql, numbered(files(11_000)))
    return memory
  }

  it('is applied whole by a rebuild, also while others append and read', async () => {
    const { log, push } = await largeLog()
    const rebuilt = log.readModel.rebuild()
    const read = log.readModel.usage()
    await push(added('appended'))
    expect(await read).toEqual({ files: 11_000, bytes: 33_000 })
    await rebuilt
    expect(await log.readModel.usage()).toEqual({ files: 11_001, bytes: 33_003 })
  })

  it('is applied whole when its events are long', async () => {
    const { sql, log } = memoryDatabase()
    const unknown = `"unknown":"${'x'.repeat(1_000_000)}"`
    const long = numbered(files(12)).map((event, index) =>
      Object.assign(event, {
        name: index % 3 === 0 ? 'v1.Noted' : event.name,
        argsJson: event.argsJson!.replace('{', `{${unknown},`),
      }),
    )
    insertEvents(sql, long)
    const read = log.readModel.usage()
    expect(readApplied(sql)).toBeLessThan(12)
    expect(await read).toMatchObject({ files: 8 })
    expect(readApplied(sql)).toBe(12)
  })

  it('is finished by the next reader when a rebuild is interrupted', async () => {
    const { sql, log } = await largeLog()
    const rebuilt = log.readModel.rebuild()
    const applied = readApplied(sql)
    expect(applied).toBeGreaterThan(0)
    expect(applied).toBeLessThan(11_000)
    expect(await log.readModel.usage()).toEqual({ files: 11_000, bytes: 33_000 })
    await rebuilt
  })
})
