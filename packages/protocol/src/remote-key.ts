/**
 * Remote keys: where content lives in object storage.
 *
 *     <storeId>/<bucket>/<address>            buckets with access `store` or `public`
 *     <storeId>/<bucket>/<owner>/<address>    buckets with access `owner`
 *     <storeId>/<64 hex>                      legacy (livestore-filesync): read, never newly minted
 *
 * Content of several parts has a second object, its digest list, at `<key>.parts`.
 *
 * @see signer HTTP contract, "key"
 */
import { toBase64Url } from './bytes.ts'
import { type ContentAddress, isPartSuffix } from './content-address.ts'
import { RockpoolError } from './errors.ts'
import { type Hashing, WEB_HASHING } from './hashing.ts'

export type RemoteKey = string & { readonly brand: 'RemoteKey' }
/** One LiveStore store: `[A-Za-z0-9_-]{1,128}`, none of the reserved words. */
export type StoreId = string
/** The owner segment: `u_` and 32 characters of base64url(SHA-256(sub)). */
export type Owner = string & { readonly brand: 'Owner' }

export interface RemoteKeyParts {
  readonly storeId: StoreId
  /** undefined in a legacy key */
  readonly bucket: string | undefined
  readonly owner: Owner | undefined
  readonly address: ContentAddress
}

/** First segments that the signer and the object store keep for themselves. */
export const RESERVED_STORE_IDS: ReadonlySet<string> = new Set(['requests', 'tmp', 'gc', 'public', 'objects'])

const SEGMENT = /^[A-Za-z0-9_-]{1,128}$/
const OWNER = /^u_[A-Za-z0-9_-]{32}$/
/** All forms in one expression, since the sync server parses a key for each event: store, bucket, owner, address, parts; legacy address. */
const REMOTE_KEY =
  /^([A-Za-z0-9_-]{1,128})\/(?:([A-Za-z0-9_-]{1,128})\/(?:(u_[A-Za-z0-9_-]{32})\/)?([0-9a-f]{64}(?:-([1-9][0-9]{0,4}))?)|([0-9a-f]{64}))$/

export const isStoreId = (text: string): text is StoreId => SEGMENT.test(text) && !RESERVED_STORE_IDS.has(text)
export const isOwner = (value: unknown): value is Owner => typeof value === 'string' && OWNER.test(value)
export const isBucketName = (text: string): boolean => SEGMENT.test(text)

/** The parts of a well-formed remote key, else undefined. */
export const parseRemoteKey = (key: string): RemoteKeyParts | undefined => {
  const match = REMOTE_KEY.exec(key)
  if (!match) return undefined
  const [, storeId, bucket, owner, address, parts, legacyAddress] = match
  if (RESERVED_STORE_IDS.has(storeId!) || !isPartSuffix(parts)) return undefined
  return {
    storeId: storeId!,
    bucket,
    owner: owner as Owner | undefined,
    address: (address ?? legacyAddress) as ContentAddress,
  }
}

/** The legacy key at the end of a URL, a key or a path on disk of livestore-filesync, else undefined. */
export const parseLegacyUrl = (url: string): RemoteKey | undefined => {
  const [path] = url.split(/[?#]/, 1)
  const key = path!.split('/').slice(-2).join('/')
  const parts = parseRemoteKey(key)
  return parts && parts.bucket === undefined ? (key as RemoteKey) : undefined
}

/** Whether the key is a legacy one. Its record may not know the size of the content: the events of livestore-filesync have none. */
export const isLegacyKey = (key: RemoteKey): boolean => key.split('/').length === 2

/**
 * Builds a remote key.
 *
 * @throws RockpoolError `bad_key` when a segment is not `[A-Za-z0-9_-]{1,128}` or the storeId is reserved
 */
export const buildRemoteKey = (parts: {
  readonly storeId: StoreId
  readonly bucket: string
  readonly owner?: Owner | undefined
  readonly address: ContentAddress
}): RemoteKey => {
  const key = [parts.storeId, parts.bucket, ...(parts.owner === undefined ? [] : [parts.owner]), parts.address].join(
    '/',
  )
  if (!parseRemoteKey(key)) {
    throw new RockpoolError(
      'bad_key',
      `"${key.slice(0, 200)}" is not a remote key: use letters, digits, "_" and "-" (1 to 128) in store and bucket names.`,
    )
  }
  return key as RemoteKey
}

/** The content address at the end of a remote key. */
export const addressOfKey = (key: RemoteKey): ContentAddress => key.slice(key.lastIndexOf('/') + 1) as ContentAddress

const PARTS_SUFFIX = '.parts'

/** The object key of the digest list (32 x N bytes) of content with several parts. */
export const partsKey = (key: string): string => `${key}${PARTS_SUFFIX}`

/** The object key of the content that a digest list belongs to; any other key unchanged. */
export const contentKeyOf = (key: string): string =>
  key.endsWith(PARTS_SUFFIX) ? key.slice(0, -PARTS_SUFFIX.length) : key

/** The owner segment of a user: `u_` + the first 32 characters of base64url(SHA-256(sub)). */
export const ownerOf = async (sub: string, { digest }: Pick<Hashing, 'digest'> = WEB_HASHING): Promise<Owner> => {
  const base64url = toBase64Url(await digest(new TextEncoder().encode(sub)))
  return `u_${base64url.slice(0, 32)}` as Owner
}
