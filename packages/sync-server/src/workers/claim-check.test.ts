import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { fileKey } from '../testing/file-events.ts'
import { checkSomeClaims, dueAtStart, MAX_CHECKS } from './claim-check.ts'

const NOW = 1_700_000_000_000
const [MINUTE, DAY] = [60_000, 24 * 60 * 60_000]

const stored = (name: string): PoolEvent => ({
  name: 'v2.ContentStored',
  opId: `store ${name}`,
  args: { remoteKey: fileKey(name) },
})

/** A log with `count` claims. */
const setUp = async (count: number, isThere: (key: RemoteKey) => boolean) => {
  const { log, push } = memoryDatabase()
  await push(...Array.from({ length: count }, (_, index) => stored(`file ${index}`)))
  const asked: RemoteKey[] = []
  const head = async (key: RemoteKey) => {
    asked.push(key)
    return isThere(key)
  }
  return { readModel: log.readModel, asked, checks: { head, everyMs: MINUTE } }
}

describe('the check of claims in a Durable Object', () => {
  it('checks a few in one alarm, and the rest in the next ones', async () => {
    const { readModel, asked, checks } = await setUp(MAX_CHECKS + 1, () => true)
    const next = await checkSomeClaims(readModel, checks, NOW)
    expect(asked).toHaveLength(MAX_CHECKS)
    expect(next).toBeGreaterThan(NOW)
    expect(next).toBeLessThan(NOW + MINUTE)
    expect(await checkSomeClaims(readModel, checks, next!)).toBeUndefined()
    expect(new Set(asked).size).toBe(MAX_CHECKS + 1)
    expect((await readModel.content(asked[0]!))?.check).toEqual({ at: NOW, found: true })
  })

  it('checks a claim that it did not find again after a day, and no sooner', async () => {
    const { readModel, asked, checks } = await setUp(1, () => false)
    const next = await checkSomeClaims(readModel, checks, NOW)
    expect(next).toBeGreaterThanOrEqual(NOW + DAY)
    await checkSomeClaims(readModel, checks, NOW + DAY)
    expect(asked).toHaveLength(1)
    await checkSomeClaims(readModel, checks, next!)
    expect(asked).toHaveLength(2)
  })

  it('checks the other claims when object storage fails for the first ones', async () => {
    const { readModel, asked, checks } = await setUp(2 * MAX_CHECKS, () => {
      if (asked.length <= MAX_CHECKS) throw new Error('denied')
      return true
    })
    await expect(checkSomeClaims(readModel, checks, NOW)).rejects.toThrow('denied')
    expect(asked).toHaveLength(MAX_CHECKS)
    expect(await checkSomeClaims(readModel, checks, NOW + MINUTE)).toBeGreaterThanOrEqual(NOW + DAY)
    expect((await readModel.claimedContents()).claims).toHaveLength(MAX_CHECKS)
  })

  it('is due at the start of an object only while claims wait for it', async () => {
    const { readModel, checks } = await setUp(1, () => false)
    expect(await dueAtStart(readModel, checks, NOW)).toBe(NOW + MINUTE)
    await checkSomeClaims(readModel, checks, NOW)
    expect(await dueAtStart(readModel, checks, NOW)).toBeUndefined()
    expect(await dueAtStart((await setUp(0, () => true)).readModel, checks, NOW)).toBeUndefined()
  })
})
