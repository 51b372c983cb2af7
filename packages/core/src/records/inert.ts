/** The replacement for an event that no device may read. It keeps its number in the log. */
import type { PoolEventName } from './events.ts'

/** Has no effect: every schema has this event name, and `decodeEvent` rejects it without a remote key. */
export const INERT_EVENT: { readonly name: PoolEventName; readonly args: Readonly<Record<string, never>> } = {
  name: 'v2.ContentLost',
  args: {},
}
