/**
 * Events of livestore-filesync, in the shapes of all its versions: `remoteUrl` became `remoteKey`, `metadataJson` came later.
 * Its clients decode them strictly, and an event that does not decode stops each of them for good.
 */
import { checkMetaJson, isId, isText, isTime, type LegacyEventName, MAX_ID_LENGTH } from '@rockpool/core/records'
import type { Pusher } from './pusher.ts'
import { malformed, type Refusal, toRefusal } from './refusal.ts'
import { isLegacyUrl } from './remote-key.ts'

type Field = 'path' | 'contentHash' | 'createdAt' | 'updatedAt' | 'deletedAt'

const FIELDS: { readonly [Name in LegacyEventName]: readonly Field[] } = {
  'v1.FileCreated': ['path', 'contentHash', 'createdAt', 'updatedAt'],
  'v1.FileUpdated': ['path', 'contentHash', 'updatedAt'],
  'v1.FileDeleted': ['deletedAt'],
}

const MAX_HASH_LENGTH = 128
/** Characters of a path and of a URL. */
const MAX_PATH_LENGTH = 2_048

type Args = Readonly<Record<string, unknown>>

/** @returns why the event may not be stored, or undefined */
export const checkLegacyEvent = (pusher: Pusher, name: LegacyEventName, args: unknown): Refusal | undefined => {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return badField(name, 'args')
  const fields = args as Args
  if (!isId(fields.id))
    return malformed('bad_event', name, `has an "id" that is not a text of 1 to ${MAX_ID_LENGTH} characters`)
  const bad = FIELDS[name].find((field) => !IS_FIELD[field](fields[field]))
  if (bad !== undefined) return badField(name, bad)
  return name === 'v1.FileDeleted' ? undefined : (checkUrls(pusher, name, fields) ?? checkMetadata(fields))
}

/** Text as ISO 8601, which is how LiveStore encodes a Date. */
const isDate = (value: unknown): boolean => isText(value, 64) && isTime(Date.parse(value))

const IS_FIELD: { readonly [F in Field]: (value: unknown) => boolean } = {
  path: (value) => isText(value, MAX_PATH_LENGTH),
  contentHash: (value) => isText(value, MAX_HASH_LENGTH),
  createdAt: isDate,
  updatedAt: isDate,
  deletedAt: isDate,
}

/** There is none before the upload: it is empty then, and a created file has no such field. */
const checkUrls = (pusher: Pusher, name: LegacyEventName, args: Args): Refusal | undefined => {
  const urls = [args.remoteUrl, args.remoteKey].filter((url) => url !== undefined && url !== null)
  if (!urls.every((url) => isText(url, MAX_PATH_LENGTH))) return badField(name, 'remoteKey')
  if (name === 'v1.FileUpdated' && urls.length === 0) return badField(name, 'remoteKey')
  return urls.every((url) => isLegacyUrl(pusher, url))
    ? undefined
    : malformed('forbidden', name, 'has a URL that does not end in the key of a file of this store')
}

const checkMetadata = ({ metadataJson }: Args): Refusal | undefined => {
  if (metadataJson === undefined || metadataJson === null) return undefined
  if (typeof metadataJson !== 'string') return badField('v1.FileCreated', 'metadataJson')
  return toRefusal(checkMetaJson(metadataJson))
}

const badField = (name: LegacyEventName, field: string) =>
  malformed('bad_event', name, `has a malformed field "${field}"`)
