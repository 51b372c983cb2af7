import { describe, expect, it } from 'vitest'
import { eventsAfter } from '../testing/events.ts'
import { encodeEvents } from './event.ts'
import { createRecentEvents, type RecentEvents } from './recent-events.ts'

const batch = (parent: number, ...values: readonly string[]) =>
  encodeEvents(eventsAfter(parent, ...values).map((event) => Object.assign({}, event, { sub: 'ada', at: 1 })))

const numbersAfter = (recent: RecentEvents, since: number) =>
  Array.from(recent.after(since), ({ events }) => events.map(({ seqNum }) => seqNum))

describe('recent events', () => {
  it('are returned append by append', () => {
    const recent = createRecentEvents(10_000)('shop')
    recent.add(batch(4, 'a', 'b'))
    recent.add(batch(6, 'c'))
    expect(numbersAfter(recent, 4)).toEqual([[5, 6], [7]])
    expect(numbersAfter(recent, 6)).toEqual([[7]])
  })

  it('are none before the first append in memory, within one, and after the last', () => {
    const recent = createRecentEvents(10_000)('shop')
    recent.add(batch(4, 'a', 'b'))
    for (const since of [0, 3, 5, 6, 9]) expect(numbersAfter(recent, since)).toEqual([])
  })

  it('are taken by number, across appends, when all of them are in memory', () => {
    const recent = createRecentEvents(10_000)('shop')
    recent.add(batch(4, 'a', 'b'))
    recent.add(batch(6, 'c'))
    const take = (since: number, count: number) => recent.take(since, count)?.map(({ seqNum }) => seqNum)
    expect(take(4, 3)).toEqual([5, 6, 7])
    expect(take(4, 1)).toEqual([5])
    expect(take(6, 0)).toEqual([])
    for (const [since, count] of [
      [4, 4],
      [3, 1],
      [5, 1],
      [7, 1],
    ] as const)
      expect(take(since, count)).toBe(undefined)
  })

  it('are evicted oldest first, across stores, when they exceed the limit', () => {
    const size = batch(0, 'a').json.byteLength
    const recentOf = createRecentEvents(size * 3)
    const [shop, other] = [recentOf('shop'), recentOf('other')]
    shop.add(batch(0, 'a'))
    other.add(batch(0, 'a'))
    shop.add(batch(1, 'b'))
    shop.add(batch(2, 'c'))
    expect(numbersAfter(shop, 0)).toEqual([])
    expect(numbersAfter(shop, 1)).toEqual([[2], [3]])
    expect(numbersAfter(other, 0)).toEqual([[1]])
    shop.add(batch(3, 'd'))
    expect(numbersAfter(other, 0)).toEqual([])
  })

  it('do not hold an append that exceeds the limit by itself', () => {
    const recent = createRecentEvents(100)('shop')
    recent.add(batch(0, 'x'.repeat(200)))
    expect(numbersAfter(recent, 0)).toEqual([])
    const small = createRecentEvents(10_000)('shop')
    small.add(batch(0, 'x'.repeat(10_000)))
    small.add(batch(1, 'a'))
    expect(numbersAfter(small, 1)).toEqual([[2]])
  })

  it('of one store are cleared without those of another', () => {
    const recentOf = createRecentEvents(10_000)
    const [shop, shop2] = [recentOf('shop'), recentOf('shop2')]
    shop.add(batch(0, 'a'))
    shop2.add(batch(0, 'a'))
    shop.clear()
    expect(numbersAfter(shop, 0)).toEqual([])
    expect(numbersAfter(shop2, 0)).toEqual([[1]])
  })

  it('free what they cleared', () => {
    const size = batch(0, 'a').json.byteLength
    const recent = createRecentEvents(size * 2)('shop')
    for (let round = 0; round < 5; round++) {
      recent.add(batch(0, 'a'))
      recent.clear()
    }
    recent.add(batch(0, 'a'))
    recent.add(batch(1, 'b'))
    expect(numbersAfter(recent, 0)).toEqual([[1], [2]])
  })
})
