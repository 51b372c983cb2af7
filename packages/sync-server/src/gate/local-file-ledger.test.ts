import type { RemoteKey } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { testClock } from '../testing/clock.ts'
import { localFileLedger } from './local-file-ledger.ts'
import { type FileQuota, type FileUse, NO_USE } from './file-quota.ts'

const MINUTE_MS = 60_000
const KEY = 'shop/files/a' as RemoteKey
const file = (bytes: number) => ({ files: 1, bytes })

/** A store whose files a test sets. */
const setUp = (quota: FileQuota) => {
  const clock = testClock()
  const truth = { store: file(0), users: new Map<string, { files: number; bytes: number }>(), named: new Set<string>() }
  let counts = 0
  let counting: Promise<void> | undefined
  const keptUsage = async (sub?: string) => {
    counts++
    const { files, bytes } = sub === undefined ? truth.store : (truth.users.get(sub) ?? { files: 0, bytes: 0 })
    await counting
    return { files, bytes }
  }
  const isNamed = async (key: string) => truth.named.has(key)
  const ledger = localFileLedger({ quota, readModelOf: async () => ({ keptUsage, isNamed }), clock })
  const begin = async (most: FileUse, sub = 'ada') => (await ledger.begin('shop', sub, most))!
  const add = async (bytes: number, sub = 'ada') => {
    const reservation = await begin(file(bytes), sub)
    const exceeded = reservation.reserve(file(bytes))
    reservation.end()
    return exceeded
  }
  const holdCounts = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    counting = promise
    return () => {
      counting = undefined
      resolve()
    }
  }
  return { ledger, clock, truth, begin, add, holdCounts, counts: () => counts }
}

it('takes what fits, and says what does not', async () => {
  const { add } = setUp({ storeBytes: 10 })
  expect([await add(6), await add(4)]).toEqual([undefined, undefined])
  expect(await add(1)).toEqual({ of: 'store', unit: 'bytes', used: 10, limit: 10 })
})

it('counts the files that were there before', async () => {
  const { add, truth } = setUp({ storeFiles: 3 })
  truth.store = { files: 3, bytes: 0 }
  expect(await add(1)).toMatchObject({ used: 3, limit: 3 })
})

it('keeps users apart', async () => {
  const { add } = setUp({ userBytes: 10 })
  expect([await add(10), await add(10, 'bob')]).toEqual([undefined, undefined])
  expect(await add(1)).toMatchObject({ of: 'user', used: 10 })
})

it('counts once while there is room, and once a minute', async () => {
  const { add, clock, counts } = setUp({ storeBytes: 1_000 })
  for (let n = 0; n < 50; n++) await add(1)
  expect(counts()).toBe(2)
  clock.advance(MINUTE_MS)
  await add(1)
  expect(counts()).toBe(4)
})

it('counts again before it refuses, where files were deleted', async () => {
  const { add, begin, truth } = setUp({ storeBytes: 10 })
  truth.store = file(10)
  expect(await add(5)).toBeDefined()
  truth.store = file(2)
  ;(await begin(NO_USE)).free()
  expect(await add(5)).toBeUndefined()
})

it('does not count a full store at each attempt', async () => {
  const { add, clock, truth, counts } = setUp({ storeBytes: 10 })
  truth.store = file(10)
  await add(5)
  const before = counts()
  for (let n = 0; n < 20; n++) expect(await add(5)).toBeDefined()
  expect(counts()).toBe(before)
  clock.advance(1_000)
  await add(5)
  expect(counts()).toBeGreaterThan(before)
})

it('never counts less than was accepted: what comes while it counts is added to the count', async () => {
  const { add, begin, ledger, clock, holdCounts } = setUp({ storeBytes: 10 })
  await add(1)
  clock.advance(MINUTE_MS)
  const release = holdCounts()
  const counting = ledger.check('shop', 'ada', file(1))
  // The count has read the files already, and has not come back.
  await new Promise((resolve) => void setImmediate(resolve))
  expect((await begin(NO_USE)).reserve(file(6))).toBeUndefined()
  release()
  await counting
  expect(await ledger.check('shop', 'ada', file(5))).toMatchObject({ used: 6 })
})

it('counts what was reserved before a recount by an append that ends after it', async () => {
  const { begin, ledger, clock } = setUp({ storeBytes: 10 })
  const append = await begin(NO_USE)
  expect(append.reserve(file(6))).toBeUndefined()
  clock.advance(MINUTE_MS)
  expect(await ledger.check('shop', 'ada', file(5))).toMatchObject({ used: 6 })
  append.end()
  clock.advance(MINUTE_MS)
  expect(await ledger.check('shop', 'ada', file(5))).toBeUndefined()
})

it.each(['check', 'begin'] as const)('limits a %s although the counts of 10,000 users clear its own', async (call) => {
  const { begin, ledger, truth, holdCounts } = setUp({ storeBytes: 10 })
  truth.store = file(8)
  const release = holdCounts()
  const limited = call === 'check' ? ledger.check('shop', 'ada', file(5)) : begin(file(5))
  for (let n = 0; n < 10_000; n++) await begin(NO_USE, `user ${n}`)
  release()
  const result = await limited
  expect(result && 'reserve' in result ? result.reserve(file(5)) : result).toMatchObject({ used: 8, limit: 10 })
})

it('lets an upload through that fits, or that belongs to a file of the log', async () => {
  const { ledger, truth } = setUp({ userBytes: 10 })
  const upload = { storeId: 'shop', sub: 'ada', remoteKey: KEY, size: 4 }
  expect(await ledger.checkUpload(upload)).toBeUndefined()
  expect(await ledger.checkUpload({ ...upload, size: 11 })).toMatchObject({ of: 'user', limit: 10 })
  truth.named.add(KEY)
  expect(await ledger.checkUpload({ ...upload, size: 11 })).toBeUndefined()
})

it('counts nothing without a limit', async () => {
  const { add, counts } = setUp({})
  expect(await add(1e12)).toBeUndefined()
  expect(counts()).toBe(0)
})
