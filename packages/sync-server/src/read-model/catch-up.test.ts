import { describe, expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { added } from '../testing/file-events.ts'
import { readApplied } from './schema.ts'

const files = (count: number, prefix = 'file') =>
  Array.from({ length: count }, (_, index) => added(`${prefix}-${index}`))

describe('events that nobody reads', () => {
  it('wait for the append that makes 1,000 of them', async () => {
    const { sql, push } = memoryDatabase()
    await push(...files(999))
    expect(readApplied(sql)).toBe(0)
    await push(added('last'))
    expect(readApplied(sql)).toBe(1_000)
    await push(added('next'))
    expect(readApplied(sql)).toBe(1_000)
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
    for (let push = 0; push < 11; push++) await memory.push(...files(1_000, `push-${push}`))
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
