/**
 * What a tab pushes to the leader and what follows each response, as plain functions of plain data. One push is in flight at
 * a time. A rejection, a dead leader and a lost response end in the same place: the tab pushes again from what it has.
 *
 * A leader of an older version rejects a push that others have overtaken. This version renumbers it, and rejects only a push
 * with a gap in itself.
 *
 * Before a tab starts over from the leader's state, all of its pending events have to be in that state: an event in both places
 * would be shown twice and stay pending. So it pushes them first. The leader skips those that it has.
 */
import { nextPush, type SessionState } from './machine.ts'

/** Rejections in a row, without news from the leader, after which the tab pulls again. */
export const REJECTIONS_BEFORE_PULL = 3

export interface Pusher<E> {
  /** pauses since the leader last took a push */
  readonly tries: number
  /** since the last news */
  readonly rejections: number
  /** how many news the tab had at the last failure */
  readonly newsSeen: number
  /** a push that may or may not have reached the leader */
  readonly unanswered: readonly E[] | undefined
}

export const IDLE_PUSHER: Pusher<never> = {
  tries: 0,
  rejections: 0,
  newsSeen: 0,
  unanswered: undefined,
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

/** Before a start over: first the push that has no response, then all that was not sent. */
export const nextAction = <E>(
  { unanswered }: Pusher<E>,
  { session, resetWanted, limit }: PusherView<E>,
): PusherAction<E> => {
  const next = nextPush(session, limit)
  const batch = resetWanted ? (unanswered ?? next) : next
  if (batch.length > 0) return { type: 'push', batch }
  return resetWanted ? { type: 'start over' } : { type: 'wait' }
}

export type PushOutcome = 'taken' | 'rejected' | 'unanswered'

/** @param news how many news the tab has by now */
export const afterOutcome = <E>(
  pusher: Pusher<E>,
  outcome: PushOutcome,
  batch: readonly E[],
  news: number,
): { readonly pusher: Pusher<E>; readonly pause: boolean } => {
  if (outcome === 'taken') {
    return { pusher: { ...pusher, tries: 0, rejections: 0, unanswered: undefined }, pause: false }
  }
  const isRejected = outcome === 'rejected'
  const failed = { ...pusher, unanswered: isRejected ? undefined : batch }
  // The tab has other events to push by now.
  if (news !== pusher.newsSeen) return { pusher: { ...failed, rejections: 0, newsSeen: news }, pause: false }
  return {
    pusher: { ...failed, rejections: pusher.rejections + (isRejected ? 1 : 0), tries: pusher.tries + 1 },
    pause: true,
  }
}

/** After the pause: whether the tab waits for news that do not come. */
export const afterPause = <E>(
  pusher: Pusher<E>,
  news: number,
): { readonly pusher: Pusher<E>; readonly pullAgain: boolean } =>
  news === pusher.newsSeen && pusher.rejections >= REJECTIONS_BEFORE_PULL
    ? { pusher: { ...pusher, rejections: 0 }, pullAgain: true }
    : { pusher, pullAgain: false }
