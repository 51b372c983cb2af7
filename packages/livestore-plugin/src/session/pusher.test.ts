import { describe, expect, it } from 'vitest'
import type { NumberedEvent } from '../numbers.ts'
import { events, number, show } from '../simulation/notation.ts'
import type { SessionState } from './machine.ts'
import {
  afterOutcome,
  afterPause,
  IDLE_PUSHER,
  nextAction,
  type Pusher,
  type PushOutcome,
  REJECTIONS_BEFORE_PULL,
} from './pusher.ts'

type Event = NumberedEvent

const session = (pending: string, sent = 0): SessionState<Event> => ({
  leaderHead: number('2'),
  pending: events(pending, '2'),
  sent,
})

const three = session('a3 b4 c5')

describe('what a tab does next', () => {
  const old = events('z9')
  it.each([
    ['nothing is pending', IDLE_PUSHER, session(''), false, 'wait'],
    ['everything was sent', IDLE_PUSHER, session('a3 b4', 2), false, 'wait'],
    ['events wait', IDLE_PUSHER, three, false, 'a3 b4'],
    ['some were sent', IDLE_PUSHER, session('a3 b4 c5', 1), false, 'b4 c5'],
    ['a push was not answered', { ...IDLE_PUSHER, unanswered: old }, three, false, 'a3 b4'],
    ['it starts over', IDLE_PUSHER, three, true, 'a3 b4'],
    ['it starts over, and a push was not answered', { ...IDLE_PUSHER, unanswered: old }, three, true, 'z9'],
    ['it starts over, and all were sent', IDLE_PUSHER, session('a3 b4', 2), true, 'start over'],
  ] as const)('when %s', (_, pusher, state, resetWanted, expected) => {
    const action = nextAction<Event>(pusher, { session: state, resetWanted, limit: 2 })
    expect(action.type === 'push' ? show(action.batch) : action.type).toBe(expected)
  })
})

interface Row {
  readonly outcome: PushOutcome
  readonly news: 'none' | 'some'
  readonly expected: Partial<Pusher<Event>>
  readonly pause: boolean
}

describe('after a push', () => {
  const batch = three.pending.slice(0, 2)
  const before: Pusher<Event> = { tries: 3, rejections: 1, newsSeen: 7, unanswered: undefined }

  const rows: readonly Row[] = [
    { outcome: 'taken', news: 'none', expected: { tries: 0, rejections: 0 }, pause: false },
    { outcome: 'taken', news: 'some', expected: { tries: 0, rejections: 0 }, pause: false },
    { outcome: 'rejected', news: 'none', expected: { tries: 4, rejections: 2 }, pause: true },
    { outcome: 'rejected', news: 'some', expected: { rejections: 0, newsSeen: 8 }, pause: false },
    { outcome: 'unanswered', news: 'none', expected: { tries: 4, unanswered: batch }, pause: true },
    {
      outcome: 'unanswered',
      news: 'some',
      expected: { rejections: 0, newsSeen: 8, unanswered: batch },
      pause: false,
    },
  ]

  it.each(rows)('that is $outcome, with $news news', (row) => {
    const { outcome, news, expected, pause } = row
    expect(afterOutcome(before, outcome, batch, news === 'some' ? 8 : 7)).toEqual({
      pusher: { ...before, ...expected },
      pause,
    })
  })
})

describe('after a pause', () => {
  it.each([
    [REJECTIONS_BEFORE_PULL - 1, 7, false],
    [REJECTIONS_BEFORE_PULL, 7, true],
    [REJECTIONS_BEFORE_PULL, 8, false],
  ])('with %i rejections and %i news: pulls again %s', (rejections, news, pullAgain) => {
    const before = { ...IDLE_PUSHER, rejections, newsSeen: 7 }
    const after = afterPause<Event>(before, news)
    expect(after).toEqual({ pusher: pullAgain ? { ...before, rejections: 0 } : before, pullAgain })
  })
})
