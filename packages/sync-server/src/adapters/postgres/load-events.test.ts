import { describe, expect, it } from 'vitest'
import { eventsAfter } from '../../testing/events.ts'
import { neededFor } from './load-events.ts'

/** A push of `count` events, the session ids of which are their numbers. */
const push = (parent: number, count: number, maxBetween = 0) => ({
  parent,
  events: eventsAfter(parent, ...Array.from({ length: count })).map((event) =>
    Object.assign(event, { sessionId: `#${event.seqNum}` }),
  ),
  options: { sub: 'ada', at: 1, maxBetween },
})

describe('neededFor', () => {
  it.each<[string, ReturnType<typeof push>, number, ReturnType<typeof neededFor>]>([
    ['nothing for a push behind the head', push(5, 2), 5, undefined],
    ['nothing for a parent above the head', push(6, 2), 5, undefined],
    ['the numbers of the push', push(2, 2), 9, { since: 2, until: 4, sessionIds: [] }],
    ['the numbers of the push up to the head', push(2, 9), 5, { since: 2, until: 5, sessionIds: [] }],
    ['commits that it may repeat', push(2, 2, 10), 9, { since: 2, until: 4, sessionIds: ['#3', '#4'] }],
    [
      'as many behind the last common event as may be',
      push(2, 2, 6),
      9,
      { since: 2, until: 4, sessionIds: ['#3', '#4'] },
    ],
    ['no commits where more lie between in any case', push(2, 2, 5), 9, { since: 2, until: 4, sessionIds: [] }],
  ])('is %s', (_, append, head, expected) => {
    expect(neededFor(append, head)).toEqual(expected)
  })
})
