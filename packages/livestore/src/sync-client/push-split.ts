/** Cuts a push into requests that the contract allows, in order. */
import type { SyncEvent } from './wire.ts'

export const MAX_PUSH_EVENTS = 1_000
export const MAX_PUSH_BYTES = 1_048_576
/** A request keeps room for the rest of its body: `{"backendId":…,"parent":…,"events":[…]}`. */
const ENVELOPE_BYTES = 1_024

const encoder = new TextEncoder()

/** An event that is too large by itself becomes a request of its own: the server says what is wrong with it. */
export const splitPush = (
  events: readonly SyncEvent[],
  { maxBytes = MAX_PUSH_BYTES, maxEvents = MAX_PUSH_EVENTS } = {},
): readonly (readonly SyncEvent[])[] => {
  const requests: SyncEvent[][] = []
  let bytes = Infinity
  for (const event of events) {
    const size = encoder.encode(JSON.stringify(event)).length + 1
    const request = requests.at(-1)
    if (request === undefined || request.length >= maxEvents || bytes + size > maxBytes) {
      requests.push([event])
      bytes = ENVELOPE_BYTES + size
    } else {
      request.push(event)
      bytes += size
    }
  }
  return requests
}
