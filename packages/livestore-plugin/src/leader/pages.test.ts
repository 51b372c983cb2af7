import { describe, expect, it } from 'vitest'
import { HELD_LIMIT, takePage } from './pages.ts'

describe('a page', () => {
  it.each([
    ['the only one', [], true, true, [], [3, 4]],
    ['the first of several, with pending events', [], false, true, [3, 4], []],
    ['the first of several, with nothing pending', [], false, false, [], [3, 4]],
    ['one in between', [1, 2], false, true, [1, 2, 3, 4], []],
    ['the last one', [1, 2], true, true, [], [1, 2, 3, 4]],
    ['one in between, once nothing is pending', [1, 2], false, false, [], [1, 2, 3, 4]],
  ])('%s', (_, held, isLast, hasPending, heldAfter, take) => {
    expect(takePage(held, { events: [3, 4], isLast }, hasPending)).toEqual({ held: heldAfter, take })
  })

  it(`is taken when ${HELD_LIMIT} events wait`, () => {
    const held = Array.from({ length: HELD_LIMIT - 1 }, (_, index) => index)
    expect(takePage(held, { events: [0], isLast: false }, true).take.length).toBe(HELD_LIMIT)
  })
})
