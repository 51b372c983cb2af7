/**
 * Rockpool's own events: decoded as the clients decode them, then held to the limits that the engine keeps itself. What
 * passes is an event for every client, and whatever the engine makes passes.
 */
import {
  checkContent,
  checkMeta,
  checkMetaJson,
  checkName,
  checkPath,
  decodeEvent,
  EVENT_NAMES,
  type EventArgs,
  type FileMeta,
  isText,
  isTime,
  MAX_ID_LENGTH,
  MAX_VERSION_ID_LENGTH,
  type PoolEventName,
  unpackMeta,
} from '@rockpool/core/records'
import { addressFits, isOwner, parseRemoteKey } from '@rockpool/protocol'
import type { Pusher } from './pusher.ts'
import { malformed, type Refusal, toRefusal } from './refusal.ts'
import { checkRemoteKey } from './remote-key.ts'

const NAMES: ReadonlySet<string> = new Set(EVENT_NAMES)

export const isPoolEventName = (name: string): name is PoolEventName => NAMES.has(name)

/** @returns why the event may not be stored, or undefined */
export const checkPoolEvent = (pusher: Pusher, name: PoolEventName, args: unknown): Refusal | undefined => {
  const unpacked = unpackMeta(args)
  const badMeta = checkPackedMeta(args, unpacked)
  if (badMeta) return badMeta
  if (!decodeEvent(name, unpacked)) return malformed('bad_event', name, 'has args of another shape')
  // As they were pushed: the decoder mends odd texts and times for display, and the gate refuses them.
  const event = { name, args } as PushedPoolEvent
  return checkIds(event) ?? checkFields(pusher, event)
}

/** An event whose args the decoder takes: all fields are of their types. */
type PushedPoolEvent = {
  readonly [Name in PoolEventName]: {
    readonly name: Name
    readonly args: Omit<EventArgs<Name>, 'owner' | 'path'> & { readonly owner?: unknown; readonly path?: unknown }
  }
}[PoolEventName]

const checkIds = ({ name, args }: PushedPoolEvent): Refusal | undefined => {
  // The decoder takes longer ids, and refuses everything else that is no id.
  if (args.opId.length > MAX_ID_LENGTH) return badText(name, 'opId', MAX_ID_LENGTH)
  if (!('id' in args)) return undefined
  if (args.id.length > MAX_ID_LENGTH) return badText(name, 'id', MAX_ID_LENGTH)
  return isTime(args.at) ? undefined : malformed('bad_event', name, 'has a time outside 1970 to 9999')
}

const checkFields = (pusher: Pusher, event: PushedPoolEvent): Refusal | undefined => {
  const { name } = event
  switch (name) {
    case 'v2.FileAdded':
      return (
        toRefusal(checkName(event.args.name)) ??
        checkStored(pusher, name, event.args) ??
        checkOwner(pusher, name, event.args.owner) ??
        checkEventPath(name, event.args.path)
      )
    case 'v2.FileContentReplaced':
      // Whatever the file was before is only compared, never read.
      return (
        checkStored(pusher, name, event.args) ??
        (parseRemoteKey(event.args.basedOn)
          ? undefined
          : malformed('bad_key', name, 'is based on a malformed remote key'))
      )
    case 'v2.FileRenamed':
      return toRefusal(checkName(event.args.name))
    case 'v2.ContentStored':
      for (const field of ['etag', 'versionId'] as const) {
        if (!isText(event.args[field] ?? '', MAX_VERSION_ID_LENGTH)) return badText(name, field, MAX_VERSION_ID_LENGTH)
      }
      return refusedKey(pusher, name, event.args.remoteKey)
    case 'v2.ContentLost':
      return refusedKey(pusher, name, event.args.remoteKey)
    case 'v2.FileMetaSet':
    case 'v2.FileDeleted':
    case 'v2.FileRestored':
      return undefined
  }
}

const refusedKey = (pusher: Pusher, name: PoolEventName, remoteKey: string): Refusal | undefined => {
  const check = checkRemoteKey(pusher, name, remoteKey)
  return 'refusal' in check ? check.refusal : undefined
}

/** Where the bytes of a file are, and what they are. */
const checkStored = (
  pusher: Pusher,
  name: string,
  { remoteKey, type, size }: { readonly remoteKey: string; readonly type: string; readonly size: number },
): Refusal | undefined => {
  const check = checkRemoteKey(pusher, name, remoteKey)
  if ('refusal' in check) return check.refusal
  const { bucket, address } = check.key
  const wrong = toRefusal(checkContent({ type, size, bucket }, pusher.buckets))
  if (wrong) return wrong
  return addressFits(address, size, pusher.hashing)
    ? undefined
    : malformed('bad_event', name, 'has a size that its remote key cannot have')
}

const OTHER_OWNER: Refusal = {
  code: 'forbidden',
  message: 'Another user added this file on this device. Try again to add it as your own.',
}

/** A client may say whose file it adds: only its own user's. */
const checkOwner = (pusher: Pusher, name: PoolEventName, owner: unknown): Refusal | undefined => {
  if (owner === undefined || owner === null || owner === pusher.owner) return undefined
  return isOwner(owner) ? OTHER_OWNER : malformed('forbidden', name, 'names an owner that no user is')
}

/** Clients ignore a path that breaks the rules. It is refused here, so that the device that sent it hears why. */
const checkEventPath = (name: string, path: unknown): Refusal | undefined => {
  if (path === undefined || path === null) return undefined
  return typeof path === 'string'
    ? toRefusal(checkPath(path))
    : malformed('bad_event', name, 'has a path that is no text')
}

/**
 * Metadata travels as JSON text; as an object it means the same.
 *
 * @param unpacked the args with metadata that is JSON parsed
 */
const checkPackedMeta = (args: unknown, unpacked: unknown): Refusal | undefined => {
  const meta = metaOf(args)
  if (typeof meta === 'string') {
    return toRefusal(checkMetaJson(meta)) ?? (typeof metaOf(unpacked) === 'string' ? NOT_JSON : undefined)
  }
  // Anything else has another shape, which the decoder refuses.
  return typeof meta === 'object' && meta !== null ? toRefusal(checkMeta(meta as FileMeta)) : undefined
}

const metaOf = (args: unknown): unknown => (args as { readonly meta?: unknown } | null | undefined)?.meta

const NOT_JSON: Refusal = { code: 'bad_meta', message: 'Metadata must be a JSON object.' }

const badText = (name: string, field: string, maxLength: number) =>
  malformed('bad_event', name, `has a "${field}" that is not a text of at most ${maxLength} characters`)
