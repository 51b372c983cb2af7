import { describe, expect, it } from 'vitest'
import type { NumberedEvent } from '../numbers.ts'
import { events, number, show } from '../simulation/notation.ts'
import type { SessionState } from './machine.ts'
import {
  afterOutcome,
  afterPause,
  afterStartOver,
  IDLE_PUSHER,
  nextAction,
  type Pusher,
  type PushOutcome,
  REFUSALS_BEFORE_PULL,
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
    ['it starts over, and half may be there', { ...IDLE_PUSHER, unknown: 1 }, three, true, 'a3'],
    ['it starts over, and none more can be there', { ...IDLE_PUSHER, unknown: 0 }, three, true, 'start over'],
    ['it starts over, and all are there', IDLE_PUSHER, session('a3 b4', 2), true, 'start over'],
  ] as const)('when %s', (_, pusher, state, resetWanted, expected) => {
    const action = nextAction<Event>(pusher, { session: state, resetWanted, limit: 2 })
    expect(action.type === 'push' ? show(action.batch) : action.type).toBe(expected)
  })
})

interface Row {
  readonly outcome: PushOutcome
  readonly news: 'none' | 'some'
  readonly resetWanted: boolean
  readonly expected: Partial<Pusher<Event>>
  readonly pause: boolean
}

describe('after a push', () => {
  const batch = three.pending.slice(0, 2)
  const before: Pusher<Event> = { tries: 3, refusals: 1, newsSeen: 7, unanswered: undefined, unknown: Infinity }

  const rows: readonly Row[] = [
    { outcome: 'taken', news: 'none', resetWanted: false, expected: { tries: 0, refusals: 0 }, pause: false },
    { outcome: 'taken', news: 'some', resetWanted: false, expected: { tries: 0, refusals: 0 }, pause: false },
    { outcome: 'taken', news: 'none', resetWanted: true, expected: { tries: 0, refusals: 0 }, pause: false },
    { outcome: 'refused', news: 'none', resetWanted: false, expected: { tries: 4, refusals: 2 }, pause: true },
    { outcome: 'refused', news: 'some', resetWanted: false, expected: { refusals: 0, newsSeen: 8 }, pause: false },
    { outcome: 'refused', news: 'none', resetWanted: true, expected: { unknown: 1 }, pause: false },
    { outcome: 'unanswered', news: 'none', resetWanted: false, expected: { tries: 4, unanswered: batch }, pause: true },
    {
      outcome: 'unanswered',
      news: 'some',
      resetWanted: false,
      expected: { refusals: 0, newsSeen: 8, unanswered: batch },
      pause: false,
    },
    { outcome: 'unanswered', news: 'none', resetWanted: true, expected: { tries: 4, unanswered: batch }, pause: true },
  ]

  it.each(rows)('that is $outcome, with $news news, starting over: $resetWanted', (row) => {
    const { outcome, news, resetWanted, expected, pause } = row
    const view = { session: three, resetWanted, news: news === 'some' ? 8 : 7 }
    expect(afterOutcome(before, outcome, batch, view)).toEqual({ pusher: { ...before, ...expected }, pause })
  })

  it('that was made before the last news, a refusal says nothing about what is pending', () => {
    const view = { session: session('a4 b5 c6'), resetWanted: true, news: 7 }
    expect(afterOutcome(before, 'refused', batch, view).pusher.unknown).toBe(Infinity)
  })

  it('knows nothing of another leader once it has started over', () => {
    expect(afterStartOver({ ...before, unknown: 0 })).toEqual(before)
  })
})

describe('after a pause', () => {
  it.each([
    [REFUSALS_BEFORE_PULL - 1, 7, false],
    [REFUSALS_BEFORE_PULL, 7, true],
    [REFUSALS_BEFORE_PULL, 8, false],
  ])('with %i refusals and %i news: pulls again %s', (refusals, news, pullAgain) => {
    const before = { ...IDLE_PUSHER, refusals, newsSeen: 7 }
    const after = afterPause<Event>(before, news)
    expect(after).toEqual({ pusher: pullAgain ? { ...before, refusals: 0 } : before, pullAgain })
  })
})

describe('starting over', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('finds that the leader has %i of 7 events in a few pushes', (logged) => {
    let sent = 0
    let pusher: Pusher<Event> = IDLE_PUSHER
    let pushes = 0
    for (;;) {
      const state = session('a3 b4 c5 d6 e7 f8 g9', sent)
      const action = nextAction(pusher, { session: state, resetWanted: true, limit: 100 })
      if (action.type !== 'push') break
      pushes++
      const isLogged = sent + action.batch.length <= logged
      if (isLogged) sent += action.batch.length
      pusher = afterOutcome(pusher, isLogged ? 'taken' : 'refused', action.batch, {
        session: state,
        resetWanted: true,
        news: 0,
      }).pusher
    }
    expect(sent).toBe(logged)
    expect(pushes).toBeLessThanOrEqual(7)
  })
})
