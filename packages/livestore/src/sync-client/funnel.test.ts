import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Action,
  classify,
  type Emission,
  type Funnel,
  type InputKind,
  type Message,
  needsPull,
  type NumberedEvent,
  pullSince,
  startFunnel,
  type StateName,
  step,
  TRANSITIONS,
} from './funnel.ts'

interface TestEvent extends NumberedEvent {
  readonly text: string
}

const event = (seqNum: number, text = 'a'): TestEvent => ({ seqNum, parentSeqNum: seqNum - 1, text })
const events = (from: number, to: number): TestEvent[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => event(from + index))

const LOG = 'log'
const page = (since: number, to: number, head: number, asOf = 0): Message<TestEvent> => ({
  backendId: LOG,
  since,
  head,
  events: events(since + 1, to),
  asOf,
})

/** LiveStore has events 1 to 10 in each of these. */
const STATES: Readonly<Record<StateName, Funnel<TestEvent>>> = {
  current: { name: 'current', backendId: LOG, emitted: 10, last: event(10), head: 10, held: [] },
  behind: { name: 'behind', backendId: LOG, emitted: 10, last: event(10), head: 10, held: [] },
  holding: { name: 'holding', backendId: LOG, emitted: 10, last: event(10), head: 20, held: events(11, 12) },
  server_behind: { name: 'server_behind', backendId: LOG, emitted: 10, last: event(10), head: 8, held: [] },
  forked: { name: 'forked', backendId: LOG, emitted: 10, last: event(10), head: 10, held: [] },
  foreign: { name: 'foreign', backendId: LOG, emitted: 10, last: event(10), head: 10, held: [] },
}

/** An input of each kind; events begin after 10, those of `holding` after 12. */
const inputOf = (state: StateName, kind: InputKind): Message<TestEvent> | 'pull_failed' | undefined => {
  const isHolding = state === 'holding'
  const since = state === 'server_behind' ? 9 : isHolding ? 12 : 10
  switch (kind) {
    case 'last_page':
      return isHolding ? page(since, 20, 20) : page(since, 12, 12)
    case 'page':
      return page(since, 14, 20)
    case 'caught_up':
      // A head above the held page is known: only a log that was shortened reaches this.
      return isHolding ? undefined : page(since, 10, 10)
    case 'duplicate':
      return page(4, 6, 6)
    case 'head_ahead':
      return state === 'server_behind' ? undefined : page(20, 20, 20)
    case 'gap':
      return page(14, 16, 16)
    case 'shrunk':
      return page(10, 10, 10, 15)
    case 'server_behind':
      return page(8, 8, 8, 10)
    case 'fork':
      return { ...page(9, 9, 11), events: [event(10, 'other'), event(11)] }
    case 'foreign':
      return { ...page(10, 12, 12), backendId: 'another' }
    case 'pull_failed':
      return 'pull_failed'
  }
}

const stateNames = Object.keys(TRANSITIONS) as StateName[]
const rows = stateNames.flatMap((state) =>
  (Object.keys(TRANSITIONS[state]) as InputKind[]).map((kind) => {
    const { next, action } = TRANSITIONS[state][kind]
    return { state, kind, next, action }
  }),
)

/** What each action emits when 11 to 12 are held, as `[first, last, remaining]`. */
const emitted = (
  action: Action,
  fresh: readonly TestEvent[],
  held: readonly TestEvent[],
  head: number,
): Emission<TestEvent>[] => {
  const remaining = head - (held.at(-1)?.seqNum ?? head)
  const actions: Readonly<Record<Action, Emission<TestEvent>[]>> = {
    none: [],
    emit_fresh: [{ events: fresh, remaining: 0 }],
    hold_fresh: [],
    emit_held_hold_fresh: [{ events: held, remaining }],
    emit_both: [
      { events: held, remaining },
      { events: fresh, remaining: 0 },
    ],
    release_held: [{ events: held, remaining: 0 }],
    drop_held: [],
  }
  return actions[action]
}

describe('transitions', () => {
  it.each(rows.filter(({ state, kind }) => inputOf(state, kind) !== undefined))(
    '$state, on $kind: becomes $next, action $action',
    ({ state, kind, next, action }) => {
      const funnel = STATES[state]
      const input = inputOf(state, kind)!
      if (input !== 'pull_failed') expect(classify(funnel, input)).toBe(kind)
      const result = step(funnel, input)
      const reached = funnel.held.at(-1)?.seqNum ?? 10
      const fresh = input === 'pull_failed' ? [] : input.events.filter(({ seqNum }) => seqNum > reached)
      expect(result.funnel.name).toBe(next)
      expect(result.emissions).toEqual(emitted(action, fresh, funnel.held, 20))
    },
  )

  it('covers every state with every input, except the two that cannot meet', () => {
    expect(
      rows.filter(({ state, kind }) => inputOf(state, kind) === undefined).map(({ state, kind }) => [state, kind]),
    ).toEqual([
      ['holding', 'caught_up'],
      ['server_behind', 'head_ahead'],
    ])
  })
})

describe('a pull', () => {
  it('ends the first sync of an empty log with an empty emission', () => {
    expect(step(startFunnel<TestEvent>(0, undefined), page(0, 0, 0)).emissions).toEqual([{ events: [], remaining: 0 }])
  })

  it('keeps the first backend id', () => {
    expect(step(startFunnel<TestEvent>(0, undefined), page(0, 1, 1)).funnel.backendId).toBe(LOG)
  })

  it('emits only the new part of a page that overlaps', () => {
    expect(step(STATES.current, page(8, 12, 12)).emissions).toEqual([{ events: events(11, 12), remaining: 0 }])
  })

  it('says how many events follow a page', () => {
    expect(step(STATES.holding, page(12, 14, 20)).emissions).toEqual([{ events: events(11, 12), remaining: 8 }])
  })

  it('ignores a late broadcast with a lower head', () => {
    expect(step(STATES.current, page(4, 5, 5)).funnel).toEqual(STATES.current)
  })

  it('asks for one event again after the log was shorter, to see whether history is the same', () => {
    expect(pullSince(STATES.server_behind)).toBe(9)
    expect(pullSince(STATES.holding)).toBe(12)
    expect(pullSince(STATES.current)).toBe(10)
  })

  it('does not join a longer log to a shorter one without that event', () => {
    expect(classify(STATES.server_behind, page(10, 12, 12))).toBe('gap')
  })
})

describe('whatever is lost, doubled, late, split or reordered', () => {
  type Move =
    | { readonly type: 'append'; readonly count: number }
    | { readonly type: 'broadcast'; readonly of: number; readonly withEvents: boolean }
    | { readonly type: 'request' }
    | { readonly type: 'respond'; readonly of: number; readonly limit: number }
    | { readonly type: 'fail' }

  const move: fc.Arbitrary<Move> = fc.oneof(
    fc.record({ type: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('broadcast' as const), of: fc.nat(30), withEvents: fc.boolean() }),
    },
    fc.record({ type: fc.constant('request' as const) }),
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('respond' as const),
        of: fc.nat(5),
        limit: fc.integer({ min: 1, max: 4 }),
      }),
    },
    fc.record({ type: fc.constant('fail' as const) }),
  )

  it('LiveStore gets each event once, in order, without a gap', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), fc.nat(8), (moves, cursor) => {
        let head = cursor
        let funnel = startFunnel<TestEvent>(cursor, LOG)
        const out: Emission<TestEvent>[] = []
        /** broadcasts and requests, kept to be delivered late, twice or never */
        const broadcasts: { since: number; head: number }[] = []
        const requests: { since: number; asOf: number }[] = []
        const feed = (input: Message<TestEvent> | 'pull_failed') => {
          const next = step(funnel, input)
          funnel = next.funnel
          out.push(...next.emissions)
        }
        const respond = ({ since, asOf }: { since: number; asOf: number }, limit: number) =>
          feed(page(since, Math.min(since + limit, head), head, asOf))
        for (const move of moves) {
          if (move.type === 'append') {
            broadcasts.push({ since: head, head: head + move.count })
            head += move.count
          } else if (move.type === 'broadcast') {
            const sent = broadcasts[move.of % (broadcasts.length || 1)]
            if (sent) feed(page(sent.since, move.withEvents ? sent.head : sent.since, sent.head))
          } else if (move.type === 'request') requests.push({ since: pullSince(funnel), asOf: funnel.head })
          else if (move.type === 'respond') {
            const request = requests[move.of % (requests.length || 1)]
            if (request) respond(request, move.limit)
          } else feed('pull_failed')
        }
        // The last append may be unknown to the device: it asks once, then for as long as something is missing.
        do respond({ since: pullSince(funnel), asOf: funnel.head }, 3)
        while (needsPull(funnel))
        expect(out.flatMap(({ events }) => events.map(({ seqNum }) => seqNum))).toEqual(
          events(cursor + 1, head).map(({ seqNum }) => seqNum),
        )
        expect(funnel.name).toBe('current')
        // Nothing waits behind a page that announces more.
        expect(out.at(-1)?.remaining).toBe(0)
        for (const { events, remaining } of out) if (remaining > 0) expect(events.length).toBeGreaterThan(0)
      }),
      { numRuns: 2_000 },
    )
  })
})
