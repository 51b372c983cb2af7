/**
 * Group commit where a commit takes time: appends of one log that arrive while a transaction runs share the next one. A single
 * append waits for none.
 */
import type { AppendResult } from '../../event-log/event-log.ts'
import { type Append, settleAll, type WaitingAppend } from '../../event-log/waiting-appends.ts'

export interface GroupCommits {
  /** The result of the append, once it is durable. */
  add(append: Append): Promise<AppendResult>
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>
}

/** Limits of one transaction, unless it has one append: others wait for it, and its events are in memory. */
export const MAX_GROUP_EVENTS = 5_000
export const MAX_GROUP_LENGTH = 8 * 1024 * 1024

/** @param commit appends a group in one transaction, with a result for each; rejects when nothing of it is known to be stored */
export const createGroupCommits = (
  commit: (appends: readonly Append[]) => Promise<readonly PromiseSettledResult<AppendResult>[]>,
): GroupCommits => {
  let waiting: WaitingAppend[] = []
  let running: Promise<void> | undefined

  const commitAll = async () => {
    while (waiting.length > 0) {
      const size = groupSize(waiting.map(({ append }) => append))
      const group = waiting.slice(0, size)
      waiting = waiting.slice(size)
      try {
        settleAll(group, await commit(group.map(({ append }) => append)))
      } catch (error) {
        for (const { settle } of group) settle.reject(error)
      }
    }
    running = undefined
  }

  return {
    add: (append) => {
      const settle = Promise.withResolvers<AppendResult>()
      waiting.push({ append, settle })
      running ??= commitAll()
      return settle.promise
    },
    drained: async () => running,
  }
}

/** How many of the appends the next transaction takes: at least one. */
export const groupSize = (appends: readonly Append[]): number => {
  let [events, length] = [0, 0]
  const first = appends.findIndex((append) => {
    events += append.events.length
    for (const { argsJson } of append.events) length += argsJson?.length ?? 0
    return events > MAX_GROUP_EVENTS || length > MAX_GROUP_LENGTH
  })
  return first === -1 ? appends.length : Math.max(first, 1)
}
