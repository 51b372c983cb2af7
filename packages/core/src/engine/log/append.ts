/** Appends events to the log and determines the outcome of each. */
import { RockpoolError } from '@rockpool/protocol'
import type { RecordLog } from '../../ports/record-log.ts'
import type { PoolEvent } from '../../records/events.ts'
import { asRockpoolError } from '../services.ts'

export type Appended =
  | { readonly outcome: 'applied' }
  /** the log works and refuses this event */
  | { readonly outcome: 'refused'; readonly error: RockpoolError }
  /** the log does not work now: the event must stay in the outbox */
  | { readonly outcome: 'pending'; readonly error: RockpoolError }

/**
 * Appends `events` in one transaction, or one by one when that fails, so that a bad event fails alone.
 *
 * A normal return does not prove that the event was applied: LiveStore's `commit` returns when a materializer fails, and
 * shuts the store down afterwards. So each event is looked up in the log.
 *
 * @returns the outcome of each event, in their order
 */
export const appendEvents = (
  log: Pick<RecordLog, 'append' | 'applied'>,
  events: readonly PoolEvent[],
): readonly Appended[] => {
  if (events.length === 0) return []
  let failure: { readonly cause: unknown } | undefined
  try {
    log.append(events)
  } catch (cause) {
    failure = { cause }
  }
  if (failure && events.length > 1) return events.flatMap((event) => appendEvents(log, [event]))
  return events.map((event) => outcomeOf(log, event, failure))
}

const outcomeOf = (
  log: Pick<RecordLog, 'applied'>,
  event: PoolEvent,
  failure: { readonly cause: unknown } | undefined,
): Appended => {
  try {
    if (log.applied(event.opId)) return { outcome: 'applied' }
  } catch (cause) {
    return { outcome: 'pending', error: notApplied(cause) }
  }
  return failure
    ? { outcome: 'refused', error: asRockpoolError(failure.cause) }
    : { outcome: 'pending', error: notApplied(undefined) }
}

const notApplied = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'closed',
    'The change is saved on this device, but the list of files does not show it yet. Reload the page.',
    { cause },
  )
