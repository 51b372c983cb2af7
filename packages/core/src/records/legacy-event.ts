/**
 * Events of livestore-filesync, in the shapes of all its versions, as facts about files. Only read: this code writes v2.
 *
 * Its events have no `opId`; one is derived from the args, so that a copy of an event changes nothing here either.
 */
import { OCTET_STREAM, parseAddress, parseLegacyUrl, readMediaType, type RemoteKey } from '@rockpool/protocol'
import type { FileMeta } from './events.ts'
import { MAX_TIME } from './limits.ts'
import { unpackMeta } from './packed-meta.ts'
import { idText, shownText } from './text-fields.ts'

interface LegacyFact<Name extends string, Args> {
  readonly name: Name
  /** derived from the args */
  readonly opId: string
  readonly args: Args
}

/** Times `at` are unix ms by the device's clock. */
export type LegacyEvent =
  | LegacyFact<'v1.FileCreated' | 'v1.FileUpdated', LegacyContent>
  | LegacyFact<'v1.FileDeleted', { readonly id: string; readonly at: number }>

export interface LegacyContent {
  readonly id: string
  readonly remoteKey: RemoteKey
  /** `remoteUrl` or `remoteKey` as the event has it, of any form; '' before the upload */
  readonly remoteUrl: string
  /** whether `remoteUrl` says that object storage has the content under `remoteKey` */
  readonly stored: boolean
  /** undefined where the event leaves it as it was */
  readonly meta: FileMeta | undefined
  readonly at: number
}

export const LEGACY_EVENT_NAMES = ['v1.FileCreated', 'v1.FileUpdated', 'v1.FileDeleted'] as const
export type LegacyEventName = (typeof LEGACY_EVENT_NAMES)[number]

export const isLegacyEventName = (name: string): name is LegacyEventName =>
  (LEGACY_EVENT_NAMES as readonly string[]).includes(name)

type Args = Readonly<Record<string, unknown>>

/** The event, or undefined when its args name no file or no content. Ignores unknown fields. Never throws. */
export const decodeLegacyEvent = (name: LegacyEventName, args: unknown): LegacyEvent | undefined => {
  if (typeof args !== 'object' || args === null) return undefined
  const fields = args as Args
  const id = idText(fields.id)
  if (id === undefined) return undefined
  if (name === 'v1.FileDeleted') {
    const at = timeOf(fields.deletedAt)
    return at === undefined ? undefined : { name, opId: `${name} ${id} ${at}`, args: { id, at } }
  }
  const at = timeOf(name === 'v1.FileCreated' ? fields.createdAt : fields.updatedAt)
  const location = fields.remoteKey ?? fields.remoteUrl ?? ''
  const remoteUrl = shownText(location)
  const address = typeof fields.contentHash === 'string' ? parseAddress(fields.contentHash) : undefined
  if (at === undefined || remoteUrl === undefined || address === undefined) return undefined
  const names = (url: unknown) => {
    const key = typeof url === 'string' ? parseLegacyUrl(url) : undefined
    return key?.endsWith(`/${address}`) ? key : undefined
  }
  const storedKey = names(location)
  // Before the upload only the path on disk says to which store the content belongs.
  const remoteKey = storedKey ?? names(fields.path)
  if (remoteKey === undefined) return undefined
  const stored = storedKey !== undefined
  const meta = metaOf(fields.metadataJson)
  const opId = name === 'v1.FileCreated' ? `${name} ${id}` : `${name} ${id} ${at} ${address} ${stored ? 'stored' : ''}`
  return { name, opId, args: { id, remoteKey, remoteUrl, stored, meta, at } }
}

/** The media type that the metadata names. livestore-filesync writes metadata only when the app has a preprocessor. */
export const typeOfLegacyMeta = (meta: FileMeta | undefined): string =>
  (typeof meta?.mimeType === 'string' ? readMediaType(meta.mimeType) : undefined) ?? OCTET_STREAM

/** The size in bytes that the metadata names, or 0: the events have none. */
export const sizeOfLegacyMeta = (meta: FileMeta | undefined): number => {
  const size = meta?.sizeBytes
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size + 0 : 0
}

/** An ISO 8601 text, as LiveStore encodes a Date, clamped to the years 1970 to 9999. */
const timeOf = (value: unknown): number | undefined => {
  // oxlint-disable-next-line no-restricted-globals -- parses a text and reads no clock
  const time = typeof value === 'string' && value.length <= 64 ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.min(Math.max(time, 0), MAX_TIME)
}

/** Metadata that cannot be read counts as none: the file is worth more than its dimensions. */
const metaOf = (json: unknown): FileMeta | undefined => {
  if (json === null) return {}
  if (typeof json !== 'string') return undefined
  const { meta } = unpackMeta({ meta: json }) as { readonly meta: unknown }
  return typeof meta === 'object' && meta !== null && !Array.isArray(meta) ? (meta as FileMeta) : {}
}
