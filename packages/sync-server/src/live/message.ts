/** The messages of `GET /live`. */
import type { EventLog, Page } from '../event-log/event-log.ts'
import type { Piece } from '../http/reply.ts'
import { eventToJson, type LogEvent, utf8Length } from '../event-log/event.ts'

/** Bytes of one message. A larger append is announced by its head, and the device pulls. */
export const MAX_MESSAGE_BYTES = 64 * 1024

export interface LiveUpdate {
  readonly backendId: string
  /** head before the first of `events`, or what the client has */
  readonly since: number
  readonly head: number
  readonly events: readonly LogEvent[]
  /** when the first of `events` was stored, in ms by the server's clock; not sent */
  readonly storedAt?: number | undefined
}

/** The body of a page, and `fields` beside it: recent events are sent as they are in memory. */
export const pagePieces = (
  { backendId }: Pick<EventLog, 'backendId'>,
  { head, json }: Page,
  fields: object = {},
): readonly Piece[] => [
  `${JSON.stringify({ backendId, head, ...fields }).slice(0, -1)},"events":[`,
  ...json.flatMap((piece, index) => (index === 0 ? [piece] : [',', piece])),
  ']}',
]

/** The message as JSON; without its events when it would exceed {@link MAX_MESSAGE_BYTES}. */
export const liveMessage = (update: LiveUpdate): string => {
  const whole = toJson(update, eventsJson(update.events))
  return whole.length <= MAX_MESSAGE_BYTES && utf8Length(whole) <= MAX_MESSAGE_BYTES ? whole : toJson(update, '')
}

const toJson = ({ backendId, since, head }: LiveUpdate, events: string): string =>
  `{"backendId":${JSON.stringify(backendId)},"since":${since},"head":${head},"events":[${events}]}`

/** Ends above the limit: no message carries more. */
const eventsJson = (events: readonly LogEvent[]): string => {
  let json = ''
  for (const event of events) {
    json += json === '' ? eventToJson(event) : `,${eventToJson(event)}`
    if (json.length > MAX_MESSAGE_BYTES) break
  }
  return json
}
