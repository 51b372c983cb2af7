/** Decodes the args of events, which any client may have written: a current, older, newer or hostile one. */
import { isOwner, type Owner, type RemoteKey } from '@rockpool/protocol'
import type { FileMeta, PoolEvent, PoolEventName } from './events.ts'
import { MAX_TIME } from './limits.ts'
import { isDeeperThan } from './nesting.ts'
import { MAX_READABLE_META_LEVELS } from './packed-meta.ts'
import { isPath } from './path.ts'
import { idText, shownText } from './text-fields.ts'

/** The args of an event as the log holds them, `meta` unpacked: those of the event, and the opId. */
export type EventArgs<Name extends PoolEventName> = Extract<PoolEvent, { readonly name: Name }>['args'] & {
  readonly opId: string
}

/** Decodes the value of a field; undefined when it is invalid, or absent from an optional field. */
type Field<A> = (value: unknown) => A | undefined

const key: Field<string> = idText
const text: Field<string> = shownText

/** `applyEvent` and the sync server check that it is a remote key, and of which store. */
const remoteKey = text as Field<RemoteKey>

// `+ 0`: no -0, which JSON has and SQLite does not.
const integer: Field<number> = (value) => (Number.isSafeInteger(value) ? (value as number) + 0 : undefined)
const size: Field<number> = (value) => (typeof value === 'number' && value >= 0 ? integer(value) : undefined)

/** A time, clamped to the years 1970 to 9999, which calendars can show. */
const at: Field<number> = (value) => {
  const time = integer(value)
  return time === undefined ? undefined : Math.min(Math.max(time, 0), MAX_TIME)
}

const meta: Field<FileMeta> = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return isDeeperThan(value, MAX_READABLE_META_LEVELS) ? undefined : (value as FileMeta)
}

const owner: Field<Owner> = (value) => (isOwner(value) ? value : undefined)
const path: Field<string> = (value) => (isPath(value) ? value : undefined)

type Fields<Name extends PoolEventName> = {
  readonly [K in keyof EventArgs<Name>]-?: Field<Exclude<EventArgs<Name>[K], undefined>>
}

// Exactly the fields of PoolEvent, each of its type, or this does not compile.
const FIELDS: { readonly [Name in PoolEventName]: Fields<Name> } = {
  'v2.FileAdded': { opId: key, id: key, name: text, type: text, size, remoteKey, meta, at, owner, path },
  'v2.FileContentReplaced': { opId: key, id: key, remoteKey, size, type: text, basedOn: remoteKey, at },
  'v2.FileRenamed': { opId: key, id: key, name: text, at },
  'v2.FileMetaSet': { opId: key, id: key, meta, at },
  'v2.FileDeleted': { opId: key, id: key, at },
  'v2.FileRestored': { opId: key, id: key, at },
  'v2.ContentStored': { opId: key, remoteKey, etag: text, versionId: text, receipt: text },
  'v2.ContentLost': { opId: key, remoteKey },
}

/** The keys of args that may be missing. */
type OptionalKey<Args> = Args extends unknown
  ? { [K in keyof Args]-?: undefined extends Args[K] ? K : never }[keyof Args]
  : never
/**
 * Whether an invalid value makes the whole event invalid. Clients older than `owner` and `path` ignore
 * those fields, and still list the file.
 */
const OPTIONAL: { readonly [K in OptionalKey<EventArgs<PoolEventName>>]: 'checked' | 'ignored' } = {
  etag: 'checked',
  versionId: 'checked',
  receipt: 'checked',
  owner: 'ignored',
  path: 'ignored',
}

/** Names of all events of ours. */
export const EVENT_NAMES = Object.keys(FIELDS) as readonly PoolEventName[]

const FIELDS_OF = new Map(
  EVENT_NAMES.map((name) => {
    const { opId: _, ...fields } = FIELDS[name]
    const optional: Readonly<Record<string, 'checked' | 'ignored'>> = OPTIONAL
    return [
      name,
      Object.entries<Field<unknown>>(fields).map(([field, decode]) => ({ field, decode, optional: optional[field] })),
    ]
  }),
)

/** The event, or undefined when its args are invalid. Ignores unknown fields. Never throws. */
export const decodeEvent = (name: PoolEventName, args: unknown): PoolEvent | undefined => {
  const fields = FIELDS_OF.get(name)
  if (!fields || typeof args !== 'object' || args === null) return undefined
  const given = args as Readonly<Record<string, unknown>>
  const opId = key(given.opId)
  if (opId === undefined) return undefined
  const known: Record<string, unknown> = {}
  for (const { field, decode, optional } of fields) {
    const raw = given[field]
    if (optional && (raw === undefined || raw === null)) continue
    const value = decode(raw)
    if (value !== undefined) known[field] = value
    else if (optional !== 'ignored') return undefined
  }
  return { name, opId, args: known } as unknown as PoolEvent
}
