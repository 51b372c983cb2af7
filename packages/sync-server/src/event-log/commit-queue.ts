/**
 * Group commit: appends of one log that wait at the same time share a transaction, so that the disk is synced once for all of
 * them. Each is judged by itself and in the order of its arrival, and resolves only after the commit.
 */
import type { AppendResult } from './event-log.ts'
import { type Append, settleAll, type WaitingAppend } from './waiting-appends.ts'

/** Runs `run` once, now or soon. */
export type Defer = (run: () => void) => void

export interface CommitQueue {
  /** The result of the append, once it is durable. */
  add(append: Append): Promise<AppendResult>
  /** Commits all that waits, now. */
  flush(): void
}

/** Events in one transaction, unless it has one append: nothing else runs until they are stored. */
export const MAX_GROUP_EVENTS = 5_000

/**
 * @param commit appends a group in one transaction, and returns a result for each; throws when nothing of it is stored
 * @param defer when a group is closed: what arrives until then is in it
 */
export const createCommitQueue = (
  commit: (appends: readonly Append[]) => readonly PromiseSettledResult<AppendResult>[],
  defer: Defer,
): CommitQueue => {
  let waiting: WaitingAppend[] = []

  const commitNext = () => {
    const size = groupSize(waiting)
    const group = waiting.slice(0, size)
    waiting = waiting.slice(size)
    try {
      settleAll(group, commit(group.map(({ append }) => append)))
    } catch (error) {
      for (const { settle } of group) settle.reject(error)
    }
  }

  const next = () => {
    if (waiting.length === 0) return
    commitNext()
    if (waiting.length > 0) defer(next)
  }

  return {
    add: (append) => {
      const settle = Promise.withResolvers<AppendResult>()
      waiting.push({ append, settle })
      if (waiting.length === 1) defer(next)
      return settle.promise
    },
    flush: () => {
      while (waiting.length > 0) commitNext()
    },
  }
}

const groupSize = (waiting: readonly WaitingAppend[]): number => {
  let events = 0
  const first = waiting.findIndex(({ append }) => (events += append.events.length) > MAX_GROUP_EVENTS)
  return first === -1 ? waiting.length : Math.max(first, 1)
}
