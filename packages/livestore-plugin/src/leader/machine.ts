/**
 * What the leader of a device decides, as plain functions of plain data. The leader has the log of the device: what the sync
 * backend has confirmed, then `pending`, which it pushes. Tabs push to it; the backend's events come in between.
 *
 * Invariants after each step:
 * 1. the log is contiguous: each event has its predecessor as parent;
 * 2. `pending` is the end of the log, from the first event that syncs and is not confirmed;
 * 3. no commit is in the log twice.
 */
import { isSameCommit } from '../commit-id.ts'
import {
  compareNumbers,
  continues,
  type EventNumber,
  isClientOnly,
  isContiguous,
  nextNumber,
  type NumberedEvent,
  type NumberPair,
  renumberAll,
} from '../numbers.ts'

export interface LeaderState<E> {
  /** the last event of the log */
  readonly head: EventNumber
  /**
   * The generation of the next event. Above that of `head` after the end of the log was rolled back: a number is given out
   * once in a generation.
   */
  readonly generation: number
  /** the `global` number of the last event that the backend has confirmed */
  readonly backendHead: number
  readonly pending: readonly E[]
}

/** The state after a step, and the change of the log that leads to it. */
export interface LogChange<E> {
  readonly state: LeaderState<E>
  /** the end of the log, to roll back */
  readonly rollback: readonly E[]
  readonly append: readonly E[]
}

export type PushDecision<E> =
  | ({ readonly outcome: 'accepted' } & LogChange<E>)
  /** all of it is in the log already */
  | { readonly outcome: 'known' }
  /** a predecessor is missing among the events themselves */
  | { readonly outcome: 'rejected' }

/**
 * A tab's push. Events that the log has are skipped: a tab repeats a push whose response was lost, with more events behind.
 * Where the log does not end at the tab's place, the rest gets the numbers that follow: a tab that had to push again would
 * lose to a busy backend for as long as that is busy.
 *
 * @param isLogged whether the log has this commit, under its number or another one
 */
export const decidePush = <E extends NumberedEvent>(
  state: LeaderState<E>,
  events: readonly E[],
  isLogged: (event: E) => boolean,
  renumber: (event: E, numbers: NumberPair) => E,
): PushDecision<E> => {
  if (!isContiguous(events)) return { outcome: 'rejected' }
  // A number alone says nothing: a tab numbers its events before it knows what came first.
  const unknown = events.filter((event) => !isLogged(event))
  if (unknown.length === 0) return { outcome: 'known' }
  const isEnd = unknown[0] === events.at(-unknown.length)
  const fits = isEnd && continuesLog(state, unknown[0]!)
  const append = fits ? unknown : renumberAll(state.head, unknown, renumber, state.generation)
  const pending = [...state.pending, ...append]
  return {
    outcome: 'accepted',
    state: { ...state, head: append.at(-1)!.seqNum, pending: fromFirstSynced(pending) },
    rollback: [],
    append,
  }
}

/** Whether a tab has numbered an event as this log would. */
const continuesLog = ({ head, generation }: LeaderState<unknown>, event: NumberedEvent): boolean =>
  continues(head, event) && event.seqNum.rebaseGeneration === generation

export type BackendDecision<E> =
  | ({ readonly outcome: 'advance' | 'rebase'; readonly confirmed: readonly E[] } & LogChange<E>)
  /** all of it is in the log already */
  | { readonly outcome: 'known' }
  /** a predecessor is missing */
  | { readonly outcome: 'gap' }

/**
 * Events of the sync backend, ascending. They confirm pending events. An event of another device at the number of a pending
 * one causes a rebase: the rest of `pending` is numbered after it, in a new generation.
 */
export const decideBackendEvents = <E extends NumberedEvent>(
  state: LeaderState<E>,
  events: readonly E[],
  renumber: (event: E, numbers: NumberPair) => E,
): BackendDecision<E> => {
  const fresh = events.filter(({ seqNum }) => seqNum.global > state.backendHead)
  if (fresh.length === 0) return { outcome: 'known' }
  if (fresh.some(({ seqNum }, index) => seqNum.global !== state.backendHead + 1 + index)) return { outcome: 'gap' }

  const { pending } = state
  const backendHead = fresh.at(-1)!.seqNum.global
  const { ofPending, ofFresh } = commonStart(pending, fresh)
  const confirmed = fresh.slice(0, ofFresh)
  const others = fresh.slice(ofFresh)
  const rest = fromFirstSynced(pending.slice(ofPending))

  if (others.length === 0) {
    return {
      outcome: 'advance',
      confirmed,
      state: { ...state, backendHead, pending: rest },
      rollback: [],
      append: [],
    }
  }
  if (rest.length === 0) {
    const append = renumberAll(state.head, others, renumber, state.generation)
    return {
      outcome: 'advance',
      confirmed,
      state: { ...state, head: append.at(-1)!.seqNum, backendHead, pending: [] },
      rollback: [],
      append,
    }
  }
  const generation = state.generation + 1
  const { known, left } = meetOwn(others, rest)
  const append = renumberAll(rest[0]!.parentSeqNum, [...known, ...left], renumber, generation)
  return {
    outcome: 'rebase',
    confirmed,
    state: {
      head: append.at(-1)!.seqNum,
      generation,
      backendHead,
      pending: fromFirstSynced(append.slice(known.length)),
    },
    rollback: rest,
    append,
  }
}

/**
 * The backend's events, in which pending ones may stand under new numbers. Events that stay on this device keep their place
 * before the pending event that they came before.
 *
 * @returns `left`: what is still pending
 */
const meetOwn = <E extends NumberedEvent>(others: readonly E[], pending: readonly E[]) => {
  let left = pending
  const known = others.flatMap((other) => {
    const place = left.findIndex((event) => isSameCommit(event, other))
    const local = left.slice(0, leadingCount(left.slice(0, Math.max(place, 0)), isClientOnly))
    if (place >= 0) left = left.filter((_, index) => index >= local.length && index !== place)
    return [...local, other]
  })
  return { known, left }
}

export type RefusalDecision<E> =
  | ({ readonly outcome: 'dropped' } & LogChange<E>)
  /** none of them is pending */
  | { readonly outcome: 'unknown' }

/**
 * Events that the backend refuses for good. They are rolled back, and what is behind them is renumbered, in a new
 * generation. What stays on this device keeps its place.
 *
 * @param eventsAfter the events of the log after the one that syncs and has this `global` number
 */
export const decideRefusal = <E extends NumberedEvent>(
  state: LeaderState<E>,
  refused: readonly NumberedEvent[],
  eventsAfter: (global: number) => readonly E[],
  renumber: (event: E, numbers: NumberPair) => E,
): RefusalDecision<E> => {
  const isRefused = (event: E) => refused.some((other) => isSameCommit(event, other))
  const first = state.pending.find(isRefused)
  if (first === undefined) return { outcome: 'unknown' }
  const rollback = eventsAfter(first.parentSeqNum.global)
  const base = rollback[0]!.parentSeqNum
  const generation = state.generation + 1
  const left = rollback.filter((event) => !isRefused(event))
  const append = renumberAll(base, left, renumber, generation)
  const kept = state.pending.filter(({ seqNum }) => compareNumbers(seqNum, rollback[0]!.seqNum) < 0)
  const head = append.at(-1)?.seqNum ?? base
  const pending = fromFirstSynced([...kept, ...append])
  return { outcome: 'dropped', state: { ...state, head, generation, pending }, rollback, append }
}

/** How many events of both lists, from their start, are the same, without those that stay on this device. */
const commonStart = <E extends NumberedEvent>(pending: readonly E[], fresh: readonly E[]) => {
  let ofPending = 0
  let ofFresh = 0
  for (const [index, event] of pending.entries()) {
    if (isClientOnly(event)) continue
    const other = fresh[ofFresh]
    const same = other !== undefined && other.seqNum.global === event.seqNum.global && isSameCommit(event, other)
    if (!same) break
    ofPending = index + 1
    ofFresh++
  }
  return { ofPending, ofFresh }
}

/** Without the events at the start that stay on this device: they keep their place behind a confirmed one. */
const fromFirstSynced = <E extends NumberedEvent>(events: readonly E[]): readonly E[] =>
  events.slice(leadingCount(events, isClientOnly))

const leadingCount = <A>(items: readonly A[], is: (item: A) => boolean): number => {
  const end = items.findIndex((item) => !is(item))
  return end === -1 ? items.length : end
}

/** What to push next to the backend: pending events that sync, after those that were sent in this generation. */
export const nextBackendPush = <E extends NumberedEvent>(
  { pending }: LeaderState<E>,
  sentUpTo: number,
  limit: number,
): readonly E[] => {
  const batch: E[] = []
  for (const event of pending) {
    if (batch.length === limit) break
    if (!isClientOnly(event) && event.seqNum.global > sentUpTo) batch.push(event)
  }
  return batch
}

/** The number of an event that the leader itself makes (devtools commit without one). */
export const numberAtHead = ({ head, generation }: LeaderState<unknown>, clientOnly: boolean): NumberPair =>
  nextNumber(head, clientOnly, generation)
