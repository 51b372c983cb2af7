/** Whether a user who may write may store this event. Pure. */
import { isLegacyEventName, isText } from '@rockpool/core/records'
import { hasRight } from '../claims.ts'
import { checkLegacyEvent } from './legacy-event.ts'
import { checkPoolEvent, isPoolEventName } from './pool-event.ts'
import type { PushedEvent, Pusher } from './pusher.ts'
import { malformed, quote, type Refusal } from './refusal.ts'

/** Bytes of an event as JSON. A larger one takes too long on a slow uplink, and no message carries it. */
export const MAX_EVENT_BYTES = 64 * 1024

/** Characters of `clientId` and of `sessionId`, which has a suffix for the commit. */
export const MAX_CLIENT_ID_LENGTH = 64

/** Events that remove a file for everyone: they need the right `delete`, and pass over a quota. */
const DELETE_EVENTS: ReadonlySet<string> = new Set(['v2.FileDeleted', 'v1.FileDeleted'])

export const isDeleteEvent = (name: string): boolean => DELETE_EVENTS.has(name)

/** Names for Rockpool and livestore-filesync, today and later. A client would not know what an unknown one means. */
const RESERVED_NAME = /^v\d+\.(?:File|Content)/

/** @returns why it may not, or undefined; the size of the event is not looked at */
export const checkEvent = (pusher: Pusher, event: PushedEvent): Refusal | undefined =>
  checkEnvelope(event) ?? checkByName(pusher, event)

const checkEnvelope = ({ name, clientId = '', sessionId = '' }: PushedEvent): Refusal | undefined => {
  if (!isText(name, MAX_EVENT_BYTES) || name === '') return malformed('bad_event', name, 'is not a name for an event')
  if (!isText(clientId, MAX_CLIENT_ID_LENGTH)) return badClientId(name, 'clientId')
  return isText(sessionId, MAX_CLIENT_ID_LENGTH) ? undefined : badClientId(name, 'sessionId')
}

const badClientId = (name: string, field: 'clientId' | 'sessionId') =>
  malformed('bad_event', name, `has a "${field}" that is not a text of at most ${MAX_CLIENT_ID_LENGTH} characters`)

const checkByName = (pusher: Pusher, { name, args }: PushedEvent): Refusal | undefined => {
  const { claims, storeId, eventNames } = pusher
  if (isDeleteEvent(name) && !hasRight(claims, storeId, 'delete')) {
    return { code: 'forbidden', message: `This token may not delete files in the store "${storeId}".` }
  }
  if (isPoolEventName(name)) return checkPoolEvent(pusher, name, args)
  if (isLegacyEventName(name)) return checkLegacyEvent(pusher, name, args)
  if (RESERVED_NAME.test(name)) {
    return {
      code: 'unknown_event',
      message: `The sync server does not know the event ${quote(name)}. Update the server.`,
    }
  }
  return eventNames === undefined || eventNames.has(name)
    ? undefined
    : { code: 'unknown_event', message: `The sync server is not set up for the event ${quote(name)} of this app.` }
}

/** The refusal of an event over {@link MAX_EVENT_BYTES}. @param bytes of the event as JSON */
export const eventTooLarge = (bytes: number): Refusal => ({
  code: 'event_too_large',
  message: `This change has ${bytes} bytes, and the sync server takes at most ${MAX_EVENT_BYTES}. Put large data into a file.`,
})
