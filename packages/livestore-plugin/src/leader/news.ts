/** What the tabs learn of the leader's log. */
import type { NumberedEvent } from '../numbers.ts'
import { type LeaderNews, RESET } from '../session/machine.ts'
import type { BackendDecision, PushDecision, RefusalDecision } from './machine.ts'

type Change<E> = Extract<PushDecision<E> | BackendDecision<E> | RefusalDecision<E>, { readonly append: readonly E[] }>

/** The news of a step, once the databases have it; undefined when nothing changes for a tab. */
export const newsOf = <E extends NumberedEvent>({ rollback, append }: Change<E>): LeaderNews<E> | undefined => {
  if (rollback.length > 0) return { _tag: 'upstream-rebase', rollbackEvents: rollback, newEvents: append }
  return append.length === 0 ? undefined : { _tag: 'upstream-advance', newEvents: append }
}

/** The news before a pull. @param events those after the tab's head; undefined when the log does not have that head */
export const missedNews = <E extends NumberedEvent>(events: readonly E[] | undefined): LeaderNews<E> | undefined => {
  if (events === undefined) return RESET
  return events.length === 0 ? undefined : { _tag: 'upstream-advance', newEvents: events }
}
