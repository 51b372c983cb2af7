/** Which events a user may append to the log of a store. The rights are those of the signer. */
import { type Buckets, type Owner, parseRemoteKey, type StoreId, type TokenClaims } from '@rockpool/protocol'
import { hasRight } from './claims.ts'

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
const DELETE_EVENTS: ReadonlySet<string> = new Set(['v2.FileDeleted', 'v1.FileDeleted'])

/** Events with a remote key. The key has to be one that this user may write. */
const REMOTE_KEY_EVENTS: ReadonlySet<string> = new Set([
  'v2.FileAdded',
  'v2.FileContentReplaced',
  'v2.ContentStored',
  'v2.ContentLost',
])

/** Events of livestore-filesync. Their URL ends in a legacy key; there is no URL before the upload is complete. */
const LEGACY_URL_EVENTS: ReadonlySet<string> = new Set(['v1.FileCreated', 'v1.FileUpdated'])

/**
 * Whether a push may be stored: a sentence that says why not, or undefined. For the `onPush` of a LiveStore sync backend;
 * `@rockpool/sync-server` applies the same rules. Events of the app itself need the right `write` only. One forbidden event
 * refuses the whole push.
 */
export const checkPush = (pusher: Pusher, events: readonly PushedEvent[]): string | undefined => {
  const problem = checkWriter(pusher)
  if (problem !== undefined) return problem
  for (const event of events) {
    const problem = checkEvent(pusher, event)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Whether the user may write in the store at all: a sentence that says why not, or undefined. */
export const checkWriter = ({ claims, storeId }: Pusher): string | undefined =>
  hasRight(claims, storeId, 'write') ? undefined : `This token may not write in the store "${storeId}".`

/** Whether a user who may write may store this event: a sentence that says why not, or undefined. */
export const checkEvent = (pusher: Pusher, { name, args }: PushedEvent): string | undefined => {
  const { claims, storeId } = pusher
  if (DELETE_EVENTS.has(name) && !hasRight(claims, storeId, 'delete')) {
    return `This token may not delete files in the store "${storeId}".`
  }
  const problem = REMOTE_KEY_EVENTS.has(name)
    ? checkRemoteKey(pusher, field(args, 'remoteKey'))
    : LEGACY_URL_EVENTS.has(name)
      ? checkLegacyUrl(storeId, field(args, 'remoteUrl'))
      : undefined
  return problem === undefined ? undefined : `${name}: ${problem}`
}

const field = (args: unknown, name: string): unknown => (args as Record<string, unknown> | null | undefined)?.[name]

const checkRemoteKey = ({ storeId, buckets, owner }: Pusher, remoteKey: unknown): string | undefined => {
  const key = typeof remoteKey === 'string' ? parseRemoteKey(remoteKey) : undefined
  if (!key) return 'its remote key is malformed.'
  if (key.storeId !== storeId) return 'its remote key names another store.'
  if (key.bucket === undefined) return 'its remote key has the legacy form, which is read-only.'
  if (!Object.hasOwn(buckets, key.bucket)) return `the bucket "${key.bucket}" is not configured.`
  if (buckets[key.bucket]!.access === 'owner') {
    return key.owner === owner
      ? undefined
      : `in the bucket "${key.bucket}" users write under their own owner segment only.`
  }
  return key.owner === undefined ? undefined : `in the bucket "${key.bucket}" remote keys have no owner.`
}

const checkLegacyUrl = (storeId: StoreId, url: unknown): string | undefined => {
  if (url === undefined || url === null || url === '') return undefined
  const path = typeof url === 'string' ? url.split(/[?#]/, 1)[0]! : ''
  const key = parseRemoteKey(path.split('/').slice(-2).join('/'))
  return key?.bucket === undefined && key?.storeId === storeId
    ? undefined
    : 'its URL does not end in the key of a file of this store.'
}
