/** The event that takes the number of one which no device may read. */
import type { PoolEventName } from './events.ts'

/** Every schema with Rockpool's events has this name, and `decodeEvent` refuses it without a remote key: it changes nothing. */
export const INERT_EVENT: { readonly name: PoolEventName; readonly args: Readonly<Record<string, never>> } = {
  name: 'v2.ContentLost',
  args: {},
}
