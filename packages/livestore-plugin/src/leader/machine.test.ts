import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameCommit } from '../commit-id.ts'
import { compareNumbers, continues, isClientOnly, type NumberedEvent, ROOT } from '../numbers.ts'
import {
  LEADER_TABLE,
  leaderState,
  type LeaderInputName,
  type LeaderRow,
  type LeaderStateName,
} from '../simulation/leader-table.ts'
import { CLIENT, event, events, number, renumber, show } from '../simulation/notation.ts'
import {
  decideBackendEvents,
  decidePush,
  decideRefusal,
  type LeaderState,
  nextBackendPush,
  numberAtHead,
} from './machine.ts'

const rows = Object.entries(LEADER_TABLE).flatMap(([state, inputs]) =>
  Object.entries(inputs as Record<LeaderInputName, LeaderRow | undefined>).flatMap(([input, row]) =>
    row === undefined ? [] : [{ state: state as LeaderStateName, input: input as LeaderInputName, row }],
  ),
)

const loggedIn = (log: readonly NumberedEvent[]) => (event: NumberedEvent) =>
  log.some((logged) => isSameCommit(event, logged))

const decide = (state: LeaderState<NumberedEvent>, log: readonly NumberedEvent[], input: string, row: LeaderRow) => {
  const given = events(row.given, row.parent)
  if (input.startsWith('backend_refuses')) {
    const after = (global: number) => log.filter(({ seqNum }) => compareNumbers(seqNum, { ...ROOT, global }) > 0)
    return decideRefusal(state, given, after, renumber)
  }
  return input.startsWith('push')
    ? decidePush(state, given, loggedIn(log), renumber)
    : decideBackendEvents(state, given, renumber)
}

/** What the table says of a decision. */
const describeDecision = (
  decision: ReturnType<typeof decide>,
  state: LeaderState<NumberedEvent>,
): Omit<LeaderRow, 'given'> => {
  if (!('append' in decision)) return { outcome: decision.outcome }
  const { outcome, rollback, append, state: next } = decision
  return {
    outcome,
    ...(rollback.length > 0 && { takeBack: show(rollback) }),
    ...(append.length > 0 && { append: show(append) }),
    ...(show(next.pending) !== show(state.pending) && { pending: show(next.pending) }),
  }
}

describe('the leader', () => {
  it.each(rows)('in state $state, on $input: $row.outcome', ({ state: name, input, row }) => {
    const { state, log } = leaderState(name)
    const { given: _, parent: __, ...expected } = row
    const decision = decide(state, log, input, row)
    expect(describeDecision(decision, state)).toEqual(expected)
    if (!('append' in decision)) return
    const { rollback, append, state: next } = decision
    const after = [...log.slice(0, log.length - rollback.length), ...append]
    expect(log.slice(log.length - rollback.length)).toEqual(rollback)
    expect(next.head).toEqual(after.at(-1)?.seqNum ?? ROOT)
    expect(next.backendHead).toBe(
      input.startsWith('push') || input.startsWith('backend_refuses')
        ? state.backendHead
        : events(row.given).at(-1)!.seqNum.global,
    )
  })

  it('keeps events that stay on the device in their place when the backend has renumbered those around them', () => {
    const log = events('x1 x2 a3 d3.1 b4 e4.1 c5')
    const state = { head: log.at(-1)!.seqNum, generation: 0, backendHead: 2, pending: log.slice(2) }
    const decision = decideBackendEvents(state, events('y3 a4 b5'), renumber)
    expect(describeDecision(decision, state)).toEqual({
      outcome: 'rebase',
      takeBack: 'a3 d3.1 b4 e4.1 c5',
      append: "y3' a4' d4.1' b5' e5.1' c6'",
      pending: "c6'",
    })
  })

  it('confirms only events that say the same as the pending ones', () => {
    const { state } = leaderState('pending')
    const other = { ...event('a3'), args: { id: 'changed' } }
    expect(decideBackendEvents(state, [other], renumber)).toMatchObject({ outcome: 'rebase', confirmed: [] })
  })

  it('keeps an event that stays on this device in its place when the one before is confirmed', () => {
    const { state } = leaderState('local_last')
    const decision = decideBackendEvents(state, events('a3 y4'), renumber)
    expect(decision).toMatchObject({ outcome: 'advance', rollback: [] })
  })

  it('confirms events with one between them that stays on this device', () => {
    const { state } = leaderState('pending')
    const pending = events('a3 d3.1 b4')
    expect(decideBackendEvents({ ...state, pending }, events('a3 b4'), renumber)).toMatchObject({
      outcome: 'advance',
      rollback: [],
      state: { pending: [] },
    })
  })
})

describe('a push to the backend', () => {
  const { state } = leaderState('local_last')

  it('leaves out what stays on this device', () => {
    expect(show(nextBackendPush({ ...state, pending: events('a3 d3.1 b4') }, 2, 10))).toBe('a3 b4')
  })

  it('continues after what was sent', () => {
    expect(show(nextBackendPush({ ...state, pending: events('a3 b4 c5') }, 3, 10))).toBe('b4 c5')
  })

  it('has at most as many events as the limit', () => {
    expect(show(nextBackendPush({ ...state, pending: events('a3 b4 c5') }, 2, 2))).toBe('a3 b4')
  })
})

describe('an event that the leader numbers itself', () => {
  it('follows the head', () => {
    const { state } = leaderState('local_last')
    expect(numberAtHead(state, false)).toEqual({ seqNum: number('4'), parentSeqNum: number('3') })
    expect(numberAtHead(state, true)).toEqual({ seqNum: number('3.2'), parentSeqNum: number('3.1') })
  })
})

describe('whatever tabs and backend send', () => {
  /** A push that fits or does not, of new commits and old ones; or a page of a backend that took some of ours. */
  const step = fc.oneof(
    fc.record({
      type: fc.constant('push' as const),
      count: fc.integer({ min: 1, max: 3 }),
      clientOnly: fc.boolean(),
      back: fc.nat(3),
    }),
    fc.record({
      type: fc.constant('backend' as const),
      takeOurs: fc.nat(3),
      others: fc.nat(2),
      skip: fc.constantFrom(0, 0, 0, 1),
    }),
  )

  it('the log is contiguous, pending is its end, and each commit is in it once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let log: NumberedEvent[] = []
        let state: LeaderState<NumberedEvent> = { head: ROOT, generation: 0, backendHead: 0, pending: [] }
        const backend: NumberedEvent[] = []
        let commits = 0
        const made = (clientId: string, clientOnly: boolean, head: typeof ROOT): NumberedEvent => ({
          name: 'made',
          args: { id: commits },
          clientId,
          sessionId: `s#page.${(commits++).toString(36)}`,
          ...numberAtHead({ head, generation: head.rebaseGeneration, backendHead: 0, pending: [] }, clientOnly),
        })
        const apply = (
          decision:
            | ReturnType<typeof decidePush<NumberedEvent>>
            | ReturnType<typeof decideBackendEvents<NumberedEvent>>,
        ) => {
          if (!('append' in decision)) return
          expect(show(log.slice(log.length - decision.rollback.length))).toBe(show(decision.rollback))
          log = [...log.slice(0, log.length - decision.rollback.length), ...decision.append]
          state = decision.state
        }
        for (const move of steps) {
          if (move.type === 'push') {
            let head = log.at(-1 - move.back)?.seqNum ?? state.head
            const pushed = log.slice(log.length - Math.min(move.back, log.length))
            if (pushed.length > 0) head = pushed.at(-1)!.seqNum
            for (let index = 0; index < move.count; index++) {
              const added = made(CLIENT, move.clientOnly, head)
              head = added.seqNum
              pushed.push(added)
            }
            apply(decidePush(state, pushed, loggedIn(log), renumber))
          } else {
            const ours = nextBackendPush(state, Math.max(state.backendHead, backend.length), 10)
            if (ours[0]?.seqNum.global === backend.length + 1) {
              backend.push(...ours.slice(0, move.takeOurs).map((own) => renumber(own, globalOnly(own))))
            }
            for (let index = 0; index < move.others; index++) {
              backend.push(made('other', false, { global: backend.length, client: 0, rebaseGeneration: 0 }))
            }
            apply(decideBackendEvents(state, backend.slice(state.backendHead + move.skip), renumber))
          }
          let last = ROOT
          for (const logged of log) {
            expect(continues(last, logged)).toBe(true)
            last = logged.seqNum
          }
          expect(state.head).toEqual(last)
          expect(new Set(log.map(({ sessionId }) => sessionId)).size).toBe(log.length)
          const unconfirmed = log.slice(
            log.findIndex((item) => !isClientOnly(item) && item.seqNum.global > state.backendHead),
          )
          const hasUnconfirmed = log.some((item) => !isClientOnly(item) && item.seqNum.global > state.backendHead)
          expect(show(state.pending)).toBe(hasUnconfirmed ? show(unconfirmed) : '')
          const confirmed = log.filter((item) => !isClientOnly(item) && item.seqNum.global <= state.backendHead)
          expect(confirmed.map(({ sessionId }) => sessionId)).toEqual(
            backend.slice(0, state.backendHead).map(({ sessionId }) => sessionId),
          )
        }
      }),
      { numRuns: 500 },
    )
  })
})

const globalOnly = ({ seqNum: { global } }: NumberedEvent) => ({
  seqNum: { global, client: 0, rebaseGeneration: 0 },
  parentSeqNum: { global: global - 1, client: 0, rebaseGeneration: 0 },
})
