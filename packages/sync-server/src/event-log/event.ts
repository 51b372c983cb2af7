/** An event as the log stores it. */

export interface LogEvent {
  readonly name: string
  /** The args as JSON text, or undefined for an event without args. The server never changes them. */
  readonly argsJson: string | undefined
  /** The event's number; its parent is `seqNum - 1`. */
  readonly seqNum: number
  readonly clientId: string
  readonly sessionId: string
}

/** What the log keeps beside an event. */
export interface Origin {
  /** `sub` of the token that pushed the event; undefined for imported events */
  readonly sub: string | undefined
  /** the server's time when the event was stored, in ms */
  readonly at: number
}

export interface StoredEvent extends LogEvent, Origin {}

/** The event as it travels: `SyncEvent` of docs/contracts/sync-http.md. Args keep their text. */
export const eventToJson = ({ name, argsJson, seqNum, clientId, sessionId }: LogEvent): string => {
  const args = argsJson === undefined ? '' : `"args":${argsJson},`
  const ids = `"clientId":${JSON.stringify(clientId)},"sessionId":${JSON.stringify(sessionId)}`
  return `{"name":${JSON.stringify(name)},${args}"seqNum":${seqNum},"parentSeqNum":${seqNum - 1},${ids}}`
}

const encoder = new TextEncoder()

/** Bytes of a text in UTF-8. */
export const utf8Length = (text: string): number => encoder.encode(text).byteLength

/** Bytes of the event as it travels: what a page, the limit of an event and the quota of a store count. */
export const eventBytes = (event: LogEvent): number => utf8Length(eventToJson(event))

/** Consecutive events with their JSON, which is built once. */
export interface EncodedEvents {
  readonly events: readonly StoredEvent[]
  /** the events as they travel, with a comma between two, in UTF-8 */
  readonly json: Uint8Array<ArrayBuffer>
}

export const encodeEvents = (events: readonly StoredEvent[]): EncodedEvents => {
  // One text that grows: a list of texts that are joined takes twice the time.
  let json = ''
  for (const event of events) json += json === '' ? eventToJson(event) : `,${eventToJson(event)}`
  return { events, json: encoder.encode(json) }
}

/**
 * Whether a pushed event is the one that the log has. The order of keys does not count: LiveStore compares args by
 * `deepEqual` (`LiveStoreEvent.Client.isEqualEncoded` of @livestore/common 0.4.0).
 */
export const isSameEvent = (a: LogEvent, b: LogEvent): boolean => a.seqNum === b.seqNum && isSameCommit(a, b)

/**
 * Whether two events with session ids that are unique to a commit are the same one, under any number. The content counts:
 * another member who has taken this id must not keep the event out of the log.
 */
export const isSameCommit = (a: LogEvent, b: LogEvent): boolean =>
  a.sessionId === b.sessionId &&
  a.clientId === b.clientId &&
  a.name === b.name &&
  (a.argsJson === b.argsJson || canonical(a.argsJson) === canonical(b.argsJson))

const canonical = (argsJson: string | undefined): string | undefined =>
  argsJson === undefined ? undefined : JSON.stringify(sortKeys(JSON.parse(argsJson)))

/** Objects become lists of [key, value], so that a key such as `__proto__` is a key like any other. */
const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return { list: value.map(sortKeys) }
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, sortKeys(field)])
}
