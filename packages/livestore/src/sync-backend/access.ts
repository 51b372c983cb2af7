/** Who may put which events into a store's log: pure rules, the same rights as the signer's. */
import { type Buckets, type Owner, parseRemoteKey, type StoreId, type TokenClaims } from '@rockpool/protocol'
import { hasRight } from '@rockpool/access'

/** An event as a client pushes it. */
export interface PushedEvent {
  readonly name: string
  readonly args?: unknown
}

export interface Pusher {
  readonly claims: TokenClaims
  /** the owner segment of `claims.sub`, by `ownerOf` */
  readonly owner: Owner
  readonly storeId: StoreId
  readonly buckets: Buckets
}

/** Events that remove a file for everyone. */
const DELETES: ReadonlySet<string> = new Set(['v2.FileDeleted', 'v1.FileDeleted'])

/** Events that name a content, and must name one where this user may put it. */
const NAMES_CONTENT: ReadonlySet<string> = new Set([
  'v2.FileAdded',
  'v2.FileContentReplaced',
  'v2.ContentStored',
  'v2.ContentLost',
])

/** livestore-filesync's events: they carry a URL that ends in a legacy key, or none before the upload is done. */
const NAMES_LEGACY_CONTENT: ReadonlySet<string> = new Set(['v1.FileCreated', 'v1.FileUpdated'])

/**
 * Why a batch of events is refused, or undefined when all of them are allowed. Events of the app itself need `write` only.
 * The whole batch is refused for one bad event: the log takes batches whole.
 */
export const refusalOfPush = (pusher: Pusher, events: readonly PushedEvent[]): string | undefined => {
  const { claims, storeId } = pusher
  if (!hasRight(claims, storeId, 'write')) return `This token may not write in the store "${storeId}".`
  for (const { name, args } of events) {
    if (DELETES.has(name) && !hasRight(claims, storeId, 'delete')) {
      return `This token may not delete files in the store "${storeId}".`
    }
    const reason = NAMES_CONTENT.has(name)
      ? refusalOfKey(pusher, field(args, 'remoteKey'))
      : NAMES_LEGACY_CONTENT.has(name)
        ? refusalOfLegacyUrl(storeId, field(args, 'remoteUrl'))
        : undefined
    if (reason !== undefined) return `${name}: ${reason}`
  }
  return undefined
}

const field = (args: unknown, name: string): unknown => (args as Record<string, unknown> | null | undefined)?.[name]

const refusalOfKey = ({ storeId, buckets, owner }: Pusher, remoteKey: unknown): string | undefined => {
  const key = typeof remoteKey === 'string' ? parseRemoteKey(remoteKey) : undefined
  if (!key) return 'its remote key is not one.'
  if (key.storeId !== storeId) return 'its remote key names another store.'
  if (key.bucket === undefined) return 'its remote key has the legacy form, which is not written any more.'
  if (!Object.hasOwn(buckets, key.bucket)) return `the bucket "${key.bucket}" is not configured.`
  if (buckets[key.bucket]!.access === 'owner') {
    return key.owner === owner ? undefined : `in the bucket "${key.bucket}" everyone writes under their own name only.`
  }
  return key.owner === undefined ? undefined : `in the bucket "${key.bucket}" remote keys have no owner.`
}

const refusalOfLegacyUrl = (storeId: StoreId, url: unknown): string | undefined => {
  if (url === undefined || url === null || url === '') return undefined
  const path = typeof url === 'string' ? url.split(/[?#]/, 1)[0]! : ''
  const key = parseRemoteKey(path.split('/').slice(-2).join('/'))
  return key?.bucket === undefined && key?.storeId === storeId
    ? undefined
    : 'its URL does not end in a content of this store.'
}
