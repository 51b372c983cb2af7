/**
 * Planted defects: what the simulation must find. Each stands in the place of one machine. Most were found in LiveStore 0.4.0
 * or in earlier versions of this package.
 */
import { isContiguous, isNextNumber, type NumberedEvent, renumberAll } from '../numbers.ts'
import { type Machines, REAL_MACHINES as real } from './machines.ts'
import { renumber } from './notation.ts'

type Event = NumberedEvent

const replace =
  (changes: Partial<Machines>): (() => Machines) =>
  () => ({ ...real, ...changes })

export const DEFECTS: Readonly<Record<string, () => Machines>> = {
  'a tab takes news in two steps, and a commit comes between': replace({
    takeNews: (take, later) => later(take),
  }),

  'a refusal empties the queue, and nothing fills it again': () => {
    const dropped = new WeakSet<Event>()
    return {
      ...real,
      afterOutcome: (pusher, outcome, batch, view) => {
        if (outcome === 'refused') for (const event of view.session.pending) dropped.add(event as Event)
        return real.afterOutcome(pusher, outcome, batch, view)
      },
      nextAction: (pusher, view) => {
        const action = real.nextAction(pusher, view)
        const isDropped = action.type === 'push' && action.batch.some((event) => dropped.has(event as Event))
        return isDropped ? { type: 'wait' } : action
      },
    }
  },

  'the leader refuses the start of a push, and takes the rest behind the gap': replace({
    decidePush: (state, events, lookup) => {
      const decision = real.decidePush(state, events, lookup, renumber)
      const next = events.findIndex((event) => isNextNumber(state.head, event))
      return decision.outcome === 'rejected' && next > 0 && isContiguous(events)
        ? real.decidePush(state, renumberAll(state.head, events.slice(next), renumber), lookup, renumber)
        : decision
    },
  }),

  'the leader compares with the highest number ever pushed': () => {
    let highest = 0
    return {
      ...real,
      decidePush: (state, events, lookup) => {
        if (events[0]!.seqNum.client === 0 && events[0]!.seqNum.global <= highest) return { outcome: 'rejected' }
        const decision = real.decidePush(state, events, lookup, renumber)
        highest = Math.max(highest, events.at(-1)!.seqNum.global)
        return decision
      },
    }
  },

  'a lost broadcast is never noticed': replace({
    wrapReceiver: (receiver) => ({
      ...receiver,
      receive: (input) => {
        if (input === 'pull_failed') return receiver.receive(input)
        const { funnel } = receiver.view()
        const isMissed = input.since > (funnel?.head ?? 0) || (input.events.length === 0 && input.head > 0)
        if (funnel?.name !== 'current' || !isMissed) receiver.receive(input)
      },
    }),
  }),

  "an event that comes twice ends the leader's pull": () => ({
    ...real,
    wrapReceiver: (receiver) => ({
      ...receiver,
      begin: (cursor, outlet) =>
        receiver.begin(cursor, {
          ...outlet,
          emit: (emission) => {
            outlet.emit(emission)
            if (emission.events.length > 1) outlet.emit(emission)
          },
        }),
    }),
    decideBackendEvents: (state, events, renumber) => {
      const decision = real.decideBackendEvents(state, events, renumber)
      return decision.outcome === 'known' && events.length > 0 ? { outcome: 'gap' } : decision
    },
  }),

  'the state is written before the log, and a torn one is not noticed': replace({
    commitDatabases: (commitLog, commitState, mayEnd) => {
      mayEnd()
      commitState()
      mayEnd()
      commitLog()
      mayEnd()
    },
    levelState: () => {},
  }),

  'a torn state is not noticed': replace({ levelState: () => {} }),

  'tabs learn of a change before it is written': replace({
    writeAndEmit: (write, emit) => {
      emit()
      write()
    },
  }),

  'a new leader does not say what a tab missed': replace({ missedNews: () => undefined }),

  'a leader does not say that it lacks the place of a tab': replace({
    missedNews: (events) => real.missedNews(events ?? []),
  }),

  'commits have no id': replace({ commitIds: (sessionId) => () => sessionId }),

  'the server appends a repeated push again': replace({
    append: (storage, parent, pushed, options) =>
      real.append({ ...storage, eventsAfter: () => [] }, parent, pushed, options),
  }),

  'the server does not recognize a repeat under other numbers': replace({
    append: (storage, parent, pushed, options) => {
      let calls = 0
      const eventsAfter = (since: number, limit: number) => (calls++ === 0 ? storage.eventsAfter(since, limit) : [])
      return real.append({ ...storage, eventsAfter }, parent, pushed, options)
    },
  }),

  'the server does not say that a push got other numbers': replace({
    append: (storage, parent, pushed, options) => {
      const result = real.append(storage, parent, pushed, options)
      if (result.kind !== 'appended') return result
      const { common: _, ...unsaid } = result
      return unsaid
    },
  }),

  'a rebase keeps the generation': replace({
    decideBackendEvents: (state, events, renumber) =>
      real.decideBackendEvents(state, events, (event, { seqNum, parentSeqNum }) => {
        const { rebaseGeneration } = state.head
        return renumber(event, {
          seqNum: { ...seqNum, rebaseGeneration },
          parentSeqNum: { ...parentSeqNum, rebaseGeneration },
        })
      }),
  }),

  'the last page is held while events are pending': replace({
    takePage: (held, page, hasPending) => real.takePage(held, { ...page, isLast: false }, hasPending),
  }),

  'a page is dropped when the next one comes': replace({
    takePage: (_, page, hasPending) => real.takePage([], page, hasPending),
  }),

  'a push in flight is forgotten when the leader changes': replace({
    resendsToNextLeader: false,
    answerTimeout: Infinity,
  }),

  'a tab that starts over keeps what the leader has': replace({
    nextAction: (pusher, view) => {
      if (view.resetWanted && pusher.unanswered === undefined) return { type: 'start over' }
      return real.nextAction(pusher, view)
    },
  }),

  'a tab that starts over drops what is pending': replace({
    afterReset: (state, leaderHead) => ({ ...state, leaderHead, pending: [], sent: 0 }),
  }),

  'a rebase drops what was not confirmed': replace({
    decideBackendEvents: (state, events, renumber) => {
      const decision = real.decideBackendEvents(state, events, renumber)
      if (decision.outcome !== 'rebase') return decision
      const kept = decision.append.length - decision.state.pending.length
      const append = decision.append.slice(0, kept)
      return { ...decision, append, state: { ...decision.state, head: append.at(-1)!.seqNum, pending: [] } }
    },
  }),
}
