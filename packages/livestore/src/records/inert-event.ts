/**
 * Events that LiveStore itself does not get over. It encodes and compares args by recursion before any materializer runs:
 * `RangeError: Maximum call stack size exceeded` there ends the sync of every device for good.
 */
import { INERT_EVENT, isDeeperThan, MAX_READABLE_ARGS_LEVELS } from '@rockpool/core/records'

interface NamedEvent {
  readonly name: string
  readonly args: unknown
}

/** The event, or one of the same number and author that does nothing. The same on every device, so that their logs agree. */
export const inertIfTooDeep = <Event extends NamedEvent>(event: Event): Event =>
  isDeeperThan(event.args, MAX_READABLE_ARGS_LEVELS) ? { ...event, ...INERT_EVENT } : event
