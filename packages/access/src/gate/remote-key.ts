/** Which remote keys a user may name in an event. */
import { parseLegacyUrl, parseRemoteKey, type RemoteKeyParts } from '@rockpool/protocol'
import type { Pusher } from './pusher.ts'
import { malformed, type Refusal } from './refusal.ts'

/** A remote key that may be written: its parts, of which the bucket is configured. */
export type OwnKey = RemoteKeyParts & { readonly bucket: string }

export type KeyCheck = { readonly key: OwnKey } | { readonly refusal: Refusal }

/** @param name of the event, for messages */
export const checkRemoteKey = (pusher: Pusher, name: string, remoteKey: string): KeyCheck => {
  const { storeId, buckets, owner } = pusher
  const key = parseRemoteKey(remoteKey)
  const refuse = (code: Refusal['code'], problem: string) => ({ refusal: malformed(code, name, problem) })
  if (!key) return refuse('bad_key', 'has a remote key that is malformed')
  const { bucket } = key
  if (key.storeId !== storeId) return refuse('forbidden', 'has a remote key of another store')
  if (bucket === undefined) return refuse('bad_key', 'has a remote key of the legacy form, which is read-only')
  if (!Object.hasOwn(buckets, bucket))
    return refuse('unknown_bucket', `names the bucket "${bucket}", which is not configured`)
  const isOwners = buckets[bucket]!.access === 'owner'
  if (isOwners && key.owner !== owner) {
    return refuse(
      'forbidden',
      `is not the user's own: in the bucket "${bucket}" users write under their own owner segment only`,
    )
  }
  if (!isOwners && key.owner !== undefined) {
    return refuse('bad_key', `has a remote key with an owner, and in the bucket "${bucket}" remote keys have no owner`)
  }
  return { key: key as OwnKey }
}

/** Whether a URL or key of livestore-filesync ends in a legacy key of this store. Before the upload it is empty. */
export const isLegacyUrl = ({ storeId }: Pusher, url: string): boolean => {
  if (url === '') return true
  const key = parseLegacyUrl(url)
  return key !== undefined && key.startsWith(`${storeId}/`)
}
