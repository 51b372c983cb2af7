/**
 * Replaces events that LiveStore cannot process. It encodes and compares args recursively before any materializer runs:
 * a `RangeError: Maximum call stack size exceeded` there ends the sync of every device for good.
 */
import { INERT_EVENT, isDeeperThan, MAX_READABLE_ARGS_LEVELS } from '@rockpool/core/records'

interface NamedEvent {
  readonly name: string
  readonly args: unknown
}

/** The event, or one of the same number and author without effect. Deterministic, so that the logs of all devices agree. */
export const inertIfTooDeep = <Event extends NamedEvent>(event: Event): Event =>
  isDeeperThan(event.args, MAX_READABLE_ARGS_LEVELS) ? { ...event, ...INERT_EVENT } : event
