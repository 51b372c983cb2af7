/**
 * Planted defects: what the simulation must find. Each stands in the place of one machine. Most were found in LiveStore 0.4.0
 * or in earlier versions of this package.
 */
import type { LogEvent } from '../../../sync-server/src/event-log/event.ts'
import { compareNumbers, continues } from '../numbers.ts'
import { type Machines, REAL_MACHINES as real } from './machines.ts'
import { renumber } from './notation.ts'

const replace =
  (changes: Partial<Machines>): (() => Machines) =>
  () => ({ ...real, ...changes })

export const DEFECTS: Readonly<Record<string, () => Machines>> = {
  'a tab takes news in two steps, and a commit comes between': replace({
    takeNews: (take, later) => later(take),
  }),

  'the leader refuses a push that others overtook': replace({
    decidePush: (state, events, isLogged, renumber) =>
      continues(state.head, events[0]!) || isLogged(events[0]!)
        ? real.decidePush(state, events, isLogged, renumber)
        : { outcome: 'known' },
  }),

  'the leader takes a repeated push again': replace({
    decidePush: (state, events, _, renumber) => real.decidePush(state, events, () => false, renumber),
  }),

  'a refused event stays': replace({ decideRefusal: () => ({ outcome: 'unknown' }) }),

  'a refusal takes what is behind the event, too': replace({
    decideRefusal: (state, refused, eventsAfter, renumber) => {
      const decision = real.decideRefusal(state, refused, eventsAfter, renumber)
      if (decision.outcome === 'unknown') return decision
      const pending = state.pending.filter(({ seqNum }) => compareNumbers(seqNum, decision.rollback[0]!.seqNum) < 0)
      return {
        ...decision,
        append: [],
        state: { ...decision.state, head: decision.rollback[0]!.parentSeqNum, pending },
      }
    },
  }),

  'a refusal keeps the generation': replace({
    decideRefusal: (state, refused, eventsAfter, renumber) => {
      return real.decideRefusal({ ...state, generation: state.generation - 1 }, refused, eventsAfter, renumber)
    },
  }),

  'the leader compares with the highest number ever pushed': () => {
    let highest = 0
    return {
      ...real,
      decidePush: (state, events, isLogged) => {
        if (events[0]!.seqNum.client === 0 && events[0]!.seqNum.global <= highest) return { outcome: 'rejected' }
        const decision = real.decidePush(state, events, isLogged, renumber)
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

  'the server knows a commit by its id, whatever the content': replace({
    append: (storage, parent, pushed, options) => {
      const asPushed = (stored: LogEvent) => {
        const commit = pushed.find(({ sessionId }) => sessionId === stored.sessionId)
        return commit ? { ...commit, seqNum: stored.seqNum } : stored
      }
      const eventsAfter = (since: number, limit: number) => [...storage.eventsAfter(since, limit)].map(asPushed)
      return real.append({ ...storage, eventsAfter }, parent, pushed, options)
    },
  }),

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
