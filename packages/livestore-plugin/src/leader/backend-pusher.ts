/**
 * What the leader pushes to the sync backend and what follows each response, as plain functions of plain data. One push is in
 * flight at a time.
 */
import type { NumberedEvent } from '../numbers.ts'
import { type LeaderState, nextBackendPush } from './machine.ts'

export interface BackendPusher {
  /** the last event that the backend took, as numbered in `generation` */
  readonly sentUpTo: number
  readonly generation: number
  /** pauses since the backend last took a push */
  readonly tries: number
}

export const IDLE_BACKEND_PUSHER: BackendPusher = { sentUpTo: 0, generation: 0, tries: 0 }

export type BackendPusherAction<E> =
  | { readonly type: 'push'; readonly batch: readonly E[] }
  /** nothing to push. `unconfirmed`: events that the backend took have not come back yet */
  | { readonly type: 'wait'; readonly unconfirmed: boolean }

/** @param limit events in one push */
export const nextBackendAction = <E extends NumberedEvent>(
  pusher: BackendPusher,
  log: LeaderState<E>,
  limit: number,
): { readonly pusher: BackendPusher; readonly action: BackendPusherAction<E> } => {
  const { generation } = log
  // A rebase renumbers events that were sent.
  const current = pusher.generation === generation ? pusher : { ...pusher, sentUpTo: 0, generation }
  const batch = nextBackendPush(log, Math.max(current.sentUpTo, log.backendHead), limit)
  return {
    pusher: current,
    action:
      batch.length > 0 ? { type: 'push', batch } : { type: 'wait', unconfirmed: current.sentUpTo > log.backendHead },
  }
}

export type BackendPushOutcome =
  | 'taken'
  /** the log of the backend has other events at these numbers */
  | 'server ahead'
  /** the backend refuses events for good, and the log does not have them any more */
  | 'refused'
  | 'failed'

export type AfterBackendPush =
  | 'push'
  /** wait until the log has caught up (`hasCaughtUp`), or for a limited time */
  | 'catch up'
  | 'pause'

/** @param batch the events of the push, at least one */
export const afterBackendPush = <E extends NumberedEvent>(
  pusher: BackendPusher,
  outcome: BackendPushOutcome,
  batch: readonly E[],
): { readonly pusher: BackendPusher; readonly next: AfterBackendPush } => {
  switch (outcome) {
    case 'taken':
      return { pusher: { ...pusher, tries: 0, sentUpTo: batch.at(-1)!.seqNum.global }, next: 'push' }
    case 'refused':
      return { pusher: { ...pusher, sentUpTo: 0, tries: 0 }, next: 'push' }
    case 'server ahead':
      return { pusher: { ...pusher, sentUpTo: 0 }, next: 'catch up' }
    case 'failed':
      return { pusher: { ...pusher, sentUpTo: 0, tries: pusher.tries + 1 }, next: 'pause' }
  }
}

/** Whether the pull has brought another event under the number of the first one. */
export const hasCaughtUp = <E extends NumberedEvent>(log: LeaderState<E>, batch: readonly E[]): boolean =>
  log.backendHead >= batch[0]!.seqNum.global

/** Events that the backend took did not come back in time. They are pushed again: the backend recognizes them. */
export const afterConfirmationTimeout = (
  pusher: BackendPusher,
  { backendHead }: LeaderState<unknown>,
): BackendPusher => ({
  ...pusher,
  sentUpTo: backendHead,
})
