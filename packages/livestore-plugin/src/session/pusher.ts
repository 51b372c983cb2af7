/**
 * What a tab pushes to the leader and what follows each response, as plain functions of plain data. One push is in flight at
 * a time. A refusal, a dead leader and a lost response end in the same place: the tab pushes again from what it has.
 *
 * Before a tab starts over from the leader's state, it has to know which of its pending events are in that state: an event in
 * both places would be shown twice and stay pending. Pushes find out. The leader takes a push of events that its log has, and
 * refuses all others, since it does not know their parent. What it has is a start of `pending`, so pushes half as large
 * after each refusal find its end.
 */
import { nextPush, type SessionState } from './machine.ts'

/** Refusals in a row, without news from the leader, after which the tab pulls again. */
export const REFUSALS_BEFORE_PULL = 3

export interface Pusher<E> {
  /** pauses since the leader last took a push */
  readonly tries: number
  /** refusals since the last news */
  readonly refusals: number
  /** how many news the tab had at the last failure */
  readonly newsSeen: number
  /** a push that may or may not have reached the leader */
  readonly unanswered: readonly E[] | undefined
  /** before starting over: at most this many events may be in the leader's log beside those that were sent */
  readonly unknown: number
}

export const IDLE_PUSHER: Pusher<never> = {
  tries: 0,
  refusals: 0,
  newsSeen: 0,
  unanswered: undefined,
  unknown: Infinity,
}

export type PusherAction<E> =
  | { readonly type: 'push'; readonly batch: readonly E[] }
  /** nothing to push */
  | { readonly type: 'wait' }
  /** take the state of the leader as this tab's own */
  | { readonly type: 'start over' }

export interface PusherView<E> {
  readonly session: SessionState<E>
  /** the leader does not know where this tab stands */
  readonly resetWanted: boolean
  readonly limit: number
}

export const nextAction = <E>(
  { unanswered, unknown }: Pusher<E>,
  { session, resetWanted, limit }: PusherView<E>,
): PusherAction<E> => {
  const batch = resetWanted ? (unanswered ?? nextPush(session, Math.min(limit, unknown))) : nextPush(session, limit)
  if (batch.length > 0) return { type: 'push', batch }
  return resetWanted ? { type: 'start over' } : { type: 'wait' }
}

export type PushOutcome = 'taken' | 'refused' | 'unanswered'

export interface OutcomeView {
  readonly session: SessionState<unknown>
  readonly resetWanted: boolean
  /** how many news the tab has by now */
  readonly news: number
}

export const afterOutcome = <E>(
  pusher: Pusher<E>,
  outcome: PushOutcome,
  batch: readonly E[],
  { session, resetWanted, news }: OutcomeView,
): { readonly pusher: Pusher<E>; readonly pause: boolean } => {
  if (outcome === 'taken') {
    return { pusher: { ...pusher, tries: 0, refusals: 0, unanswered: undefined }, pause: false }
  }
  const refused = outcome === 'refused'
  if (refused && resetWanted) {
    // A push from before the last news, or from before the last pull, says nothing about the next event.
    const isNext = session.pending[session.sent] === batch[0]
    const unknown = isNext ? Math.floor(batch.length / 2) : pusher.unknown
    return { pusher: { ...pusher, unanswered: undefined, unknown }, pause: false }
  }
  const failed = { ...pusher, unanswered: refused ? undefined : batch }
  // The tab has other events to push by now.
  if (news !== pusher.newsSeen) return { pusher: { ...failed, refusals: 0, newsSeen: news }, pause: false }
  return {
    pusher: { ...failed, refusals: pusher.refusals + (refused ? 1 : 0), tries: pusher.tries + 1 },
    pause: true,
  }
}

/** After the pause: whether the tab waits for news that do not come. */
export const afterPause = <E>(
  pusher: Pusher<E>,
  news: number,
): { readonly pusher: Pusher<E>; readonly pullAgain: boolean } =>
  news === pusher.newsSeen && pusher.refusals >= REFUSALS_BEFORE_PULL
    ? { pusher: { ...pusher, refusals: 0 }, pullAgain: true }
    : { pusher, pullAgain: false }

export const afterStartOver = <E>(pusher: Pusher<E>): Pusher<E> => ({ ...pusher, unknown: Infinity })
