/**
 * Events that LiveStore itself does not get over. It encodes and compares args by recursion before any materializer runs:
 * `RangeError: Maximum call stack size exceeded` there ends the sync of every device for good.
 */
import { isDeeperThan, MAX_READABLE_ARGS_LEVELS, type PoolEventName } from '@rockpool/core/records'

/** Known to every schema with Rockpool's events, and without args refused by `decodeEvent`: nothing happens. */
const INERT: PoolEventName = 'v2.ContentLost'

interface NamedEvent {
  readonly name: string
  readonly args: unknown
}

/** The event, or one of the same number and author that does nothing. The same on every device, so that their logs agree. */
export const inertIfTooDeep = <Event extends NamedEvent>(event: Event): Event =>
  isDeeperThan(event.args, MAX_READABLE_ARGS_LEVELS) ? { ...event, name: INERT, args: {} } : event
