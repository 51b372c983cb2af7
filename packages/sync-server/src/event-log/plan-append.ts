/** The decisions of `append`, from plain data: which events of a push are new, and whether they fit. */
import { isSameCommit, type LogEvent } from './event.ts'

export interface Push<E> {
  /** the number before the first pushed event */
  readonly parent: number
  /** head of the log */
  readonly head: number
  readonly pushed: readonly E[]
  /** the events that the log holds from `parent + 1` on; read as far as needed */
  readonly stored: Iterable<E>
  readonly isSame: (pushed: E, stored: E) => boolean
}

export type AppendPlan =
  | { readonly kind: 'append'; readonly firstNew: number }
  | { readonly kind: 'conflict'; readonly common: number }
  | { readonly kind: 'parent_ahead' }

/**
 * Whether the log holds an event under none of its numbers: a device repeats a push whose response was lost.
 *
 * @param between the events that the log holds after the last common one: many, of which a push repeats few
 */
export const unknownCommits = (
  pushed: readonly LogEvent[],
  between: readonly LogEvent[],
): ((pushed: LogEvent) => boolean) => {
  const sessionIds = new Set(pushed.map(({ sessionId }) => sessionId))
  const candidates = between.filter(({ sessionId }) => sessionIds.has(sessionId))
  const bySession = Map.groupBy(candidates, ({ sessionId }) => sessionId)
  return (event) => !bySession.get(event.sessionId)?.some((stored) => isSameCommit(event, stored))
}

/** Compares number by number, from `parent` on. `firstNew` is an index in `pushed`, `common` the number of an event. */
export const planAppend = <E>({ parent, head, pushed, stored, isSame }: Push<E>): AppendPlan => {
  if (parent > head) return { kind: 'parent_ahead' }
  let same = 0
  for (const event of stored) {
    if (same === pushed.length) break
    if (!isSame(pushed[same]!, event)) return { kind: 'conflict', common: parent + same }
    same++
  }
  return { kind: 'append', firstNew: same }
}
