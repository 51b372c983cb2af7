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
import { isSameCommit, saysTheSame } from '../commit-id.ts'
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
  /** so many of `pending`, from its start, the leader has answered to have */
  readonly sent: number
}

/** What the leader says of its log. */
export type LeaderNews<E> =
  | { readonly _tag: 'upstream-advance'; readonly newEvents: readonly E[] }
  | { readonly _tag: 'upstream-rebase'; readonly rollbackEvents: readonly E[]; readonly newEvents: readonly E[] }

export type NewsDecision<E> =
  | {
      readonly answer: 'applied'
      readonly state: SessionState<E>
      /** to take back, in the order in which they were applied */
      readonly rollback: readonly E[]
      readonly apply: readonly E[]
    }
  /** it does not fit what the tab has seen: pull again from `leaderHead` */
  | { readonly answer: 'pull again' }
  /** the leader does not have `leaderHead` in its log any more: start over from its state */
  | { readonly answer: 'reset' }

export const localHead = ({ pending, leaderHead }: SessionState<NumberedEvent>): EventNumber =>
  pending.at(-1)?.seqNum ?? leaderHead

/** A rebase of nothing onto nothing: how a leader says that it does not know where the tab stands. */
export const RESET = { _tag: 'upstream-rebase', rollbackEvents: [], newEvents: [] } as const

export const decideNews = <E extends NumberedEvent>(
  state: SessionState<E>,
  news: LeaderNews<E>,
  renumber: (event: E, numbers: NumberPair) => E,
): NewsDecision<E> => {
  const taken = news._tag === 'upstream-rebase' ? news.rollbackEvents : []
  if (news._tag === 'upstream-rebase' && taken.length === 0 && news.newEvents.length === 0) return { answer: 'reset' }
  if (taken.length > 0 && compareNumbers(taken.at(-1)!.seqNum, state.leaderHead) !== 0) return { answer: 'pull again' }

  const base = taken[0]?.parentSeqNum ?? state.leaderHead
  const fresh = taken.length > 0 ? news.newEvents : news.newEvents.filter((event) => isAfter(event, base))
  if (!isNumberedFrom(base, fresh)) return { answer: 'pull again' }
  if (taken.length === 0 && fresh.length === 0) return { answer: 'applied', state, rollback: [], apply: [] }

  const { pending } = state
  const leaderHead = fresh.at(-1)?.seqNum ?? base
  const confirmed = taken.length > 0 ? 0 : commonStart(pending, fresh)
  if (confirmed === fresh.length && taken.length === 0) {
    const rest = pending.slice(confirmed)
    const next = {
      leaderHead,
      pending: numberedFrom(leaderHead, rest, renumber),
      sent: Math.max(0, state.sent - confirmed),
    }
    return { answer: 'applied', state: next, rollback: [], apply: [] }
  }
  const ours = pending.slice(confirmed)
  const theirs = fresh.slice(confirmed)
  const moved = ours.filter((event) => !theirs.some((other) => isSameCommit(event, other)))
  const rest = renumberAll(leaderHead, moved, renumber)
  return {
    answer: 'applied',
    state: { leaderHead, pending: rest, sent: 0 },
    rollback: [...taken, ...ours],
    apply: [...theirs, ...rest],
  }
}

/** The tab's own commit. @throws Error when it does not continue what the tab has */
export const afterCommit = <E extends NumberedEvent>(state: SessionState<E>, events: readonly E[]): SessionState<E> => {
  if (events.length === 0) return state
  if (!continues(localHead(state), events[0]!)) throw new Error('The events do not continue this tab.')
  return { ...state, pending: [...state.pending, ...events] }
}

/** Each pull may be another leader's, and what was on its way to the one before may be gone. */
export const afterPullStart = <E>(state: SessionState<E>): SessionState<E> => ({ ...state, sent: 0 })

/** The state after starting over from the leader's own: what it answered to have is in there. */
export const afterReset = <E extends NumberedEvent>(
  { pending, sent }: SessionState<E>,
  leaderHead: EventNumber,
  renumber: (event: E, numbers: NumberPair) => E,
): SessionState<E> => ({ leaderHead, pending: renumberAll(leaderHead, pending.slice(sent), renumber), sent: 0 })

/** What to push next. */
export const nextPush = <E>({ pending, sent }: SessionState<E>, limit: number): readonly E[] =>
  pending.slice(sent, sent + limit)

/** The leader has answered to have these. What was numbered anew since then has to be pushed again. */
export const afterPush = <E extends NumberedEvent>(state: SessionState<E>, batch: readonly E[]): SessionState<E> => {
  const end = state.sent + batch.length
  return batch.length > 0 && state.pending[end - 1] === batch.at(-1) ? { ...state, sent: end } : state
}

const isAfter = (event: NumberedEvent, head: EventNumber): boolean => compareNumbers(event.seqNum, head) > 0

/** The generations may differ: an older leader counts them in another way. */
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
    return (
      other === undefined ||
      !isSameNumber(event.seqNum, other.seqNum) ||
      !isSameCommit(event, other) ||
      !saysTheSame(event, other)
    )
  })
  return end === -1 ? pending.length : end
}
