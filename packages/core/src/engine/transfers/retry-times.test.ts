import { expect, test } from 'vitest'
import { sampleTransfer } from '../../testing/sample-transfer.ts'
import type { TransferRow } from '../../ports/local-index.ts'
import { makeRetryTimes, type Moment, waitLeft } from './retry-times.ts'

const NOW = 1_000_000_000_000
const DAY = 86_400_000
const MIN = 60_000
/** A moment when the wall clock is off by some ms. */
const at = (ms: number, skew = 0): Moment => ({ wall: NOW + ms + skew, monotonic: ms })
const failed = (over: Partial<TransferRow> = {}) =>
  sampleTransfer('a', { attempts: 3, error: { code: 'storage_unavailable', message: '' }, ...over })
const refused = (over: Partial<TransferRow> = {}) =>
  sampleTransfer('a', { state: 'blocked', error: { code: 'forbidden', message: '' }, ...over })

test.each<[string, TransferRow, number]>([
  ['a row that did not fail', sampleTransfer('a'), 0],
  ['its wait', failed({ notBefore: NOW + 4_000, waitMs: 4_000 }), 4_000],
  ['what is left of its wait', failed({ notBefore: NOW + 1_000, waitMs: 4_000 }), 1_000],
  ['nothing after its wait', failed({ notBefore: NOW - 1_000, waitMs: 4_000 }), 0],
  ['its wait, when the clock was years ahead', failed({ notBefore: NOW + 1_000 * DAY, waitMs: 4_000 }), 4_000],
  ['5 min at most, in a row of an older version', failed({ notBefore: NOW + 1_000 * DAY }), 5 * MIN],
  ['15 min at most when it was refused', refused({ notBefore: NOW + 1_000 * DAY }), 15 * MIN],
  ['nothing when an older version refused it', refused({ notBefore: 0 }), 0],
])('a queue that starts waits %s', (_, row, ms) => {
  expect(waitLeft(row, NOW)).toBe(ms)
})

test.each<[string, number]>([
  ['right', 0],
  ['set back by years', -1_000 * DAY],
])('a wait ends in time when the clock is %s', (_, skew) => {
  const times = makeRetryTimes(new Map())
  const row = failed({ notBefore: NOW + 4_000, waitMs: 4_000 })
  expect(times.dueIn(row, at(0))).toBe(4_000)
  expect(times.dueIn(row, at(1_000, skew))).toBe(3_000)
  expect(times.dueIn(row, at(4_000, skew))).toBe(0)
})

test('a row that never waited is due at once on a clock before 1970', () => {
  const times = makeRetryTimes(new Map())
  expect(times.dueIn(sampleTransfer('a'), { wall: -1, monotonic: 0 })).toBe(0)
})

test('a wait ends with the night that a laptop slept through', () => {
  const times = makeRetryTimes(new Map())
  const row = failed({ notBefore: NOW + 4_000, waitMs: 4_000 })
  expect(times.dueIn(row, at(0))).toBe(4_000)
  expect(times.dueIn(row, { wall: NOW + 8 * 60 * MIN, monotonic: 10 })).toBe(0)
})

test('a woken row is due until an attempt rewrites it', () => {
  const times = makeRetryTimes(new Map())
  const row = failed({ notBefore: NOW + 4_000, waitMs: 4_000 })
  times.wake([row])
  expect(times.dueIn(row, at(0))).toBe(0)
  expect(times.isWoken(row)).toBe(true)
  expect(times.dueIn({ ...row }, at(0))).toBe(4_000)
})

test('a postponed row waits 15 min although it was due', () => {
  const times = makeRetryTimes(new Map())
  const row = refused({ notBefore: NOW - 1, waitMs: 12 * MIN })
  times.wake([row])
  times.postpone([row], at(0))
  expect(times.dueIn(row, at(0))).toBe(15 * MIN)
  expect(times.dueIn(row, at(15 * MIN, -DAY))).toBe(0)
})

test('waits of transfers that are gone are forgotten, those of others are not', () => {
  const gone = Array.from({ length: 5_000 }, (_, i) => failed({ id: `gone ${i}`, notBefore: NOW + 4_000 }))
  const row = failed({ notBefore: NOW + 4_000 })
  const times = makeRetryTimes(new Map([[row.id, row]]))
  times.wake([row])
  for (const each of gone) times.dueIn(each, at(0))
  expect(times.isWoken(row)).toBe(true)
  // A wait that is remembered ends in time although the clock was set back.
  const remembered = gone.filter((each) => times.dueIn(each, at(3_000, -DAY)) === 1_000)
  expect(remembered.length).toBeLessThanOrEqual(1_001)
})
