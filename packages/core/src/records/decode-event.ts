/** Reading the args of an event that any client may have written: today's, an older, a newer or a hostile one. */
import type { RemoteKey } from '@rockpool/protocol'
import { Option, Schema } from 'effect'
import type { FileMeta, PoolEvent, PoolEventName } from './events.ts'

/** The args of an event as the log holds them, `meta` unpacked: those of the event, and the opId. */
export type EventArgs<Name extends PoolEventName> = Extract<PoolEvent, { readonly name: Name }>['args'] & {
  readonly opId: string
}

const { String: text, Struct } = Schema
const opId = Schema.NonEmptyString
const id = Schema.NonEmptyString
// Whether it is one, and of which store, is decided by `applyEvent` and by the sync server.
const remoteKey = text as unknown as Schema.Schema<RemoteKey>
const integer = Schema.Number.pipe(Schema.filter((n) => Number.isSafeInteger(n)))
const size = integer.pipe(Schema.nonNegative())
const at = integer
const meta = Schema.declare(
  (value): value is FileMeta => typeof value === 'object' && value !== null && !Array.isArray(value),
)
const optionalText = Schema.optionalWith(text, { exact: true, nullable: true })

const ARGS = {
  'v2.FileAdded': Struct({ opId, id, name: text, type: text, size, remoteKey, meta, at }),
  'v2.FileContentReplaced': Struct({ opId, id, remoteKey, size, type: text, basedOn: remoteKey, at }),
  'v2.FileRenamed': Struct({ opId, id, name: text, at }),
  'v2.FileMetaSet': Struct({ opId, id, meta, at }),
  'v2.FileDeleted': Struct({ opId, id, at }),
  'v2.FileRestored': Struct({ opId, id, at }),
  'v2.ContentStored': Struct({ opId, remoteKey, etag: optionalText, versionId: optionalText }),
  'v2.ContentLost': Struct({ opId, remoteKey }),
}

// The schemas and PoolEvent say the same, or this does not compile.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Flat<A> = { readonly [K in keyof A]: A[K] }
const matchesEvents: { [Name in PoolEventName]: Same<Flat<(typeof ARGS)[Name]['Type']>, Flat<EventArgs<Name>>> } = {
  'v2.FileAdded': true,
  'v2.FileContentReplaced': true,
  'v2.FileRenamed': true,
  'v2.FileMetaSet': true,
  'v2.FileDeleted': true,
  'v2.FileRestored': true,
  'v2.ContentStored': true,
  'v2.ContentLost': true,
}

/** Names of all events of ours. */
export const EVENT_NAMES = Object.keys(matchesEvents) as readonly PoolEventName[]

const decoders = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, Schema.decodeUnknownOption(ARGS[name] as Schema.Schema.AnyNoContext)]),
)

/** The event, or undefined when its args have another shape. Unknown extra fields are ignored. Never throws. */
export const decodeEvent = (name: PoolEventName, args: unknown): PoolEvent | undefined => {
  const decoded = decoders[name]?.(args)
  if (!decoded || Option.isNone(decoded)) return undefined
  const { opId, ...rest } = decoded.value as { opId: string }
  return { name, opId, args: rest } as unknown as PoolEvent
}
