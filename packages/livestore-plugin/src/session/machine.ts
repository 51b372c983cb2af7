/**
 * What a tab decides, as plain functions of plain data. A tab shows the leader's log up to `leaderHead`, then `pending`: what
 * it committed and has not seen in the leader's log yet. The queue of what to push is no second list: it is `pending` from
 * `sent` on.
 *
 * Invariants after each step:
 * 1. `pending` is contiguous and continues `leaderHead`;
 * 2. each commit is in `pending`, or in the part of the log that the tab has seen, and never in both;
 * 3. `sent` events of `pending`, from its start, are in the leader's log.
 */
import { isSameCommit } from '../commit-id.ts'
import {
  compareNumbers,
  continues,
  type EventNumber,
  isNextNumber,
  isSameNumber,
  type NumberedEvent,
  type NumberPair,
  renumberAll,
} from '../numbers.ts'

export interface SessionState<E> {
  readonly leaderHead: EventNumber
  readonly pending: readonly E[]
  /** how many of `pending`, from its start, the leader has in its log by its responses to pushes */
  readonly sent: number
}

/** How the leader's log changed. */
export type LeaderNews<E> =
  | { readonly _tag: 'upstream-advance'; readonly newEvents: readonly E[] }
  | { readonly _tag: 'upstream-rebase'; readonly rollbackEvents: readonly E[]; readonly newEvents: readonly E[] }

export type NewsDecision<E> =
  | {
      readonly outcome: 'applied'
      readonly state: SessionState<E>
      /** to roll back, in the order in which they were applied */
      readonly rollback: readonly E[]
      readonly apply: readonly E[]
    }
  /** it does not fit what the tab has seen: pull again from `leaderHead` */
  | { readonly outcome: 'pull again' }
  /** the leader no longer has `leaderHead` in its log: start over from its state */
  | { readonly outcome: 'reset' }

export const localHead = ({ pending, leaderHead }: SessionState<NumberedEvent>): EventNumber =>
  pending.at(-1)?.seqNum ?? leaderHead

/** An empty rebase: the leader does not know where the tab stands. */
export const RESET = { _tag: 'upstream-rebase', rollbackEvents: [], newEvents: [] } as const

/** The tab's own events keep their place in `pending`; those that the news contain leave it. */
export const decideNews = <E extends NumberedEvent>(
  state: SessionState<E>,
  news: LeaderNews<E>,
  renumber: (event: E, numbers: NumberPair) => E,
): NewsDecision<E> => {
  const rolledBack = news._tag === 'upstream-rebase' ? news.rollbackEvents : []
  if (news._tag === 'upstream-rebase' && rolledBack.length === 0 && news.newEvents.length === 0)
    return { outcome: 'reset' }
  if (rolledBack.length > 0 && compareNumbers(rolledBack.at(-1)!.seqNum, state.leaderHead) !== 0)
    return { outcome: 'pull again' }

  const base = rolledBack[0]?.parentSeqNum ?? state.leaderHead
  const fresh = rolledBack.length > 0 ? news.newEvents : news.newEvents.filter((event) => isAfter(event, base))
  if (!isNumberedFrom(base, fresh)) return { outcome: 'pull again' }
  if (rolledBack.length === 0 && fresh.length === 0) return { outcome: 'applied', state, rollback: [], apply: [] }

  const { pending } = state
  const leaderHead = fresh.at(-1)?.seqNum ?? base
  const confirmed = rolledBack.length > 0 ? 0 : commonStart(pending, fresh)
  if (confirmed === fresh.length && rolledBack.length === 0) {
    const rest = pending.slice(confirmed)
    const next = {
      leaderHead,
      pending: numberedFrom(leaderHead, rest, renumber),
      sent: Math.max(0, state.sent - confirmed),
    }
    return { outcome: 'applied', state: next, rollback: [], apply: [] }
  }
  const ours = pending.slice(confirmed)
  const theirs = fresh.slice(confirmed)
  const moved = ours.filter((event) => !theirs.some((other) => isSameCommit(event, other)))
  const rest = renumberAll(leaderHead, moved, renumber)
  return {
    outcome: 'applied',
    state: { leaderHead, pending: rest, sent: 0 },
    rollback: [...rolledBack, ...ours],
    apply: [...theirs, ...rest],
  }
}

/** The tab's own commit. @throws Error when it does not continue what the tab has */
export const afterCommit = <E extends NumberedEvent>(state: SessionState<E>, events: readonly E[]): SessionState<E> => {
  if (events.length === 0) return state
  if (!continues(localHead(state), events[0]!)) throw new Error('The events do not continue this tab.')
  return { ...state, pending: [...state.pending, ...events] }
}

/**
 * All of `pending` is pushed again: at the start of a pull, whose leader may be another one and may lack what the tab pushed to
 * the one before; and when sent events do not come back, since the leader may have dropped them before the pull began.
 */
export const pushAgain = <E>(state: SessionState<E>): SessionState<E> => ({ ...state, sent: 0 })

/** The state after starting over from the leader's state, which contains the events that were sent. */
export const afterReset = <E extends NumberedEvent>(
  { pending, sent }: SessionState<E>,
  leaderHead: EventNumber,
  renumber: (event: E, numbers: NumberPair) => E,
): SessionState<E> => ({ leaderHead, pending: renumberAll(leaderHead, pending.slice(sent), renumber), sent: 0 })

/** What to push next. */
export const nextPush = <E>({ pending, sent }: SessionState<E>, limit: number): readonly E[] =>
  pending.slice(sent, sent + limit)

/** The leader took a push. Events that were renumbered since then have to be pushed again. */
export const afterPush = <E extends NumberedEvent>(state: SessionState<E>, batch: readonly E[]): SessionState<E> => {
  const end = state.sent + batch.length
  return batch.length > 0 && state.pending[end - 1] === batch.at(-1) ? { ...state, sent: end } : state
}

const isAfter = (event: NumberedEvent, head: EventNumber): boolean => compareNumbers(event.seqNum, head) > 0

/** Whatever the generations: an older leader counts them in another way. */
const isNumberedFrom = (base: EventNumber, events: readonly NumberedEvent[]): boolean =>
  events.every((event, index) => isNextNumber(events[index - 1]?.seqNum ?? base, event))

const numberedFrom = <E extends NumberedEvent>(
  head: EventNumber,
  events: readonly E[],
  renumber: (event: E, numbers: NumberPair) => E,
): readonly E[] => (events.length === 0 || continues(head, events[0]!) ? events : renumberAll(head, events, renumber))

const commonStart = <E extends NumberedEvent>(pending: readonly E[], fresh: readonly E[]): number => {
  const end = pending.findIndex((event, index) => {
    const other = fresh[index]
    return other === undefined || !isSameNumber(event.seqNum, other.seqNum) || !isSameCommit(event, other)
  })
  return end === -1 ? pending.length : end
}
