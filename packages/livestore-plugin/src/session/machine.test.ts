import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { continues, nextNumber, type NumberedEvent, ROOT } from '../numbers.ts'
import { CLIENT, event, events, number, renumber, show, showNumber } from '../simulation/notation.ts'
import {
  SESSION_TABLE,
  sessionState,
  type SessionInputName,
  type SessionRow,
  type SessionStateName,
} from '../simulation/session-table.ts'
import {
  afterCommit,
  pushAgain,
  afterPush,
  afterReset,
  decideNews,
  type LeaderNews,
  localHead,
  nextPush,
  RESET,
  type SessionState,
} from './machine.ts'

type State = SessionState<NumberedEvent>

const rows = Object.entries(SESSION_TABLE).flatMap(([state, inputs]) =>
  Object.entries(inputs as Record<SessionInputName, SessionRow | undefined>).flatMap(([input, row]) =>
    row === undefined ? [] : [{ state: state as SessionStateName, input: input as SessionInputName, row }],
  ),
)

const advance = (newEvents: readonly NumberedEvent[]): LeaderNews<NumberedEvent> => ({
  _tag: 'upstream-advance',
  newEvents,
})

const rebase = (rollbackEvents: readonly NumberedEvent[], newEvents: readonly NumberedEvent[]) =>
  ({ _tag: 'upstream-rebase', rollbackEvents, newEvents }) as const

interface Outcome {
  readonly outcome: SessionRow['outcome']
  readonly state?: State
  readonly rollback?: readonly NumberedEvent[]
  readonly apply?: readonly NumberedEvent[]
}

const commit = (state: State, committed: readonly NumberedEvent[]): Outcome => {
  try {
    return { outcome: 'applied', state: afterCommit(state, committed) }
  } catch {
    return { outcome: 'error' }
  }
}

const feed = (state: State, input: SessionInputName, { given = '', givenTakenBack }: SessionRow): Outcome => {
  const takenBack = givenTakenBack === undefined ? [] : events(givenTakenBack)
  const first = takenBack[0]?.parentSeqNum
  const fresh = events(given, input.endsWith('_gap') || first === undefined ? undefined : showNumber(first))
  switch (input) {
    case 'commit':
    case 'commit_gap':
      return commit(state, fresh)
    case 'news_next':
    case 'news_own':
    case 'news_own_first':
    case 'news_own_moved':
    case 'news_own_renumbered':
    case 'news_seen':
    case 'news_overlap':
    case 'news_gap':
      return decideNews(state, advance(fresh), renumber)
    case 'rebase':
    case 'rebase_with_own':
    case 'rebase_unseen':
    case 'rebase_gap':
      return decideNews(state, rebase(takenBack, fresh), renumber)
    case 'reset':
      return decideNews(state, RESET, renumber)
    case 'push_taken':
      return { outcome: 'applied', state: afterPush(state, nextPush(state, 10)) }
    case 'push_taken_late':
      return { outcome: 'applied', state: afterPush(state, fresh) }
    case 'pull_started':
      return { outcome: 'applied', state: pushAgain(state) }
    case 'started_over':
      return { outcome: 'applied', state: afterReset(state, number("5'"), renumber) }
  }
}

/** What the table says of an outcome. */
const describeOutcome = ({ outcome, state: next, rollback = [], apply = [] }: Outcome, state: State) => ({
  outcome,
  ...(rollback.length > 0 && { takeBack: show(rollback) }),
  ...(apply.length > 0 && { apply: show(apply) }),
  ...(next &&
    showNumber(next.leaderHead) !== showNumber(state.leaderHead) && { leaderHead: showNumber(next.leaderHead) }),
  ...(next && show(next.pending) !== show(state.pending) && { pending: show(next.pending) }),
  ...(next && next.sent !== state.sent && { sent: next.sent }),
})

describe('a tab', () => {
  it.each(rows)('in state $state, on $input: $row.outcome', ({ state: name, input, row }) => {
    const state = sessionState(name)
    const { given: _, givenTakenBack: __, ...expected } = row
    const outcome = feed(state, input, row)
    expect(describeOutcome(outcome, state)).toEqual(expected)
    expectInvariants(outcome.state ?? state)
  })

  it('keeps an event as its own when another one says the same', () => {
    const state = sessionState('unsent')
    const other = { ...event('a3'), sessionId: 'other#page.0' }
    const decision = decideNews(state, advance([other]), renumber)
    expect(decision.outcome === 'applied' && show(decision.state.pending)).toBe('a4 b5')
  })

  it('pushes what follows the sent events, at most as many as the limit', () => {
    const state = { ...sessionState('unsent'), pending: events('a3 b4 c5'), sent: 1 }
    expect(show(nextPush(state, 1))).toBe('b4')
  })
})

const expectInvariants = ({ leaderHead, pending, sent }: State) => {
  let head = leaderHead
  for (const item of pending) {
    expect(continues(head, item)).toBe(true)
    head = item.seqNum
  }
  expect(sent).toBeGreaterThanOrEqual(0)
  expect(sent).toBeLessThanOrEqual(pending.length)
}

describe('whatever the leader appends and replaces', () => {
  const move = fc.oneof(
    fc.record({ type: fc.constant('commit' as const), clientOnly: fc.boolean() }),
    fc.record({ type: fc.constant('append' as const), ours: fc.nat(2), others: fc.nat(2) }),
    fc.record({ type: fc.constant('replace' as const), back: fc.integer({ min: 1, max: 3 }), ours: fc.nat(2) }),
    fc.record({ type: fc.constant('pull' as const) }),
    fc.record({ type: fc.constant('taken' as const) }),
  )

  it("the tab shows the leader's log, then its pending events, each commit once", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 25 }), (moves) => {
        let log: NumberedEvent[] = []
        let shown: NumberedEvent[] = []
        let state: State = { leaderHead: ROOT, pending: [], sent: 0 }
        let generation = 0
        let commits = 0
        const made = (clientId: string, clientOnly: boolean, head = ROOT): NumberedEvent => ({
          name: 'made',
          args: { id: commits },
          clientId,
          sessionId: `s#page.${(commits++).toString(36)}`,
          ...nextNumber(head, clientOnly, generation),
        })
        const head = () => log.at(-1)?.seqNum ?? ROOT
        const append = (item: NumberedEvent): NumberedEvent => {
          const numbered = renumber(item, nextNumber(head(), item.seqNum.client > 0, generation))
          log.push(numbered)
          return numbered
        }
        const inform = (news: LeaderNews<NumberedEvent>) => {
          const decision = decideNews(state, news, renumber)
          if (decision.outcome !== 'applied') throw new Error(decision.outcome)
          const { rollback, apply } = decision
          expect(show(shown.slice(shown.length - rollback.length))).toBe(show(rollback))
          shown = [...shown.slice(0, shown.length - rollback.length), ...apply]
          state = decision.state
        }
        for (const step of moves) {
          if (step.type === 'commit') {
            const own = { ...made(CLIENT, false), ...nextNumber(localHead(state), step.clientOnly) }
            state = afterCommit(state, [own])
            shown.push(own)
          } else if (step.type === 'append') {
            const ours = state.pending.slice(0, step.ours).map(append)
            const others = Array.from({ length: step.others }, () => append(made('other', false)))
            inform(advance([...ours, ...others]))
          } else if (step.type === 'replace' && log.length > 0) {
            generation++
            const taken = log.splice(Math.max(0, log.length - step.back))
            const added = [
              append(made('other', false)),
              ...[...taken, ...state.pending.slice(0, step.ours)].map(append),
            ]
            inform(rebase(taken, added))
          } else if (step.type === 'pull') state = pushAgain(state)
          else if (step.type === 'taken') state = afterPush(state, nextPush(state, 2))
          expectInvariants(state)
          const confirmed = shown.slice(0, shown.length - state.pending.length)
          // An event that was renumbered in the same place keeps its name.
          expect(confirmed.map(({ sessionId }) => sessionId)).toEqual(log.map(({ sessionId }) => sessionId))
          expect(shown.slice(confirmed.length).map(({ sessionId }) => sessionId)).toEqual(
            state.pending.map(({ sessionId }) => sessionId),
          )
          expect(new Set(shown.map(({ sessionId }) => sessionId)).size).toBe(shown.length)
          expect(state.leaderHead).toEqual(head())
        }
      }),
      { numRuns: 500 },
    )
  })
})
