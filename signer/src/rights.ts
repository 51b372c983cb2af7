/** Authorization, from the verified claims, the key and the bucket's rules. Pure. */
import {
  type BucketRules,
  type Buckets,
  type Owner,
  parseRemoteKey,
  type RemoteKey,
  type RemoteKeyParts,
  type Right,
} from '@rockpool/protocol'
import { type Claims, hasRight } from '@rockpool/access'
import { bucketRules } from './buckets.ts'
import { httpError } from './errors.ts'

/** A key that is well-formed for the bucket it names. */
export interface ResolvedKey extends RemoteKeyParts {
  readonly key: RemoteKey
  /** undefined for a legacy key, which is in no bucket */
  readonly rules: BucketRules | undefined
}

/**
 * Parses a key: its bucket must be configured, and it has an owner segment exactly if the bucket is an owner bucket. A
 * legacy key can be read, never written or deleted, unless `form` requires a legacy key.
 *
 * @throws RockpoolError `bad_key`
 */
export const resolveKey = (text: string, buckets: Buckets, action: Right, form?: 'legacy'): ResolvedKey => {
  const parts = parseRemoteKey(text)
  if (!parts) {
    throw httpError(
      'bad_key',
      'A key is <storeId>/<bucket>/<address>, in owner buckets <storeId>/<bucket>/<owner>/<address>.',
    )
  }
  if (parts.bucket === undefined) {
    if (action !== 'read' && form !== 'legacy') {
      throw httpError('bad_key', 'Keys without a bucket are old ones: they can be read only.')
    }
    return { ...parts, key: text as RemoteKey, rules: undefined }
  }
  if (form === 'legacy') throw httpError('bad_key', 'Keys of the old form are <storeId>/<SHA-256>.')
  const rules = bucketRules(buckets, parts.bucket)
  if (!rules)
    throw httpError('bad_key', `There is no bucket "${parts.bucket}". Configure it at the signer, or use another.`)
  if ((rules.access === 'owner') !== (parts.owner !== undefined)) {
    throw httpError(
      'bad_key',
      rules.access === 'owner'
        ? `Keys of the owner bucket "${parts.bucket}" are <storeId>/<bucket>/<owner>/<address>.`
        : `Keys of the bucket "${parts.bucket}" are <storeId>/<bucket>/<address>, without an owner.`,
    )
  }
  return { ...parts, key: text as RemoteKey, rules }
}

/** The authenticated user: verified claims, and the owner segment of their `sub`. */
export interface Caller {
  readonly claims: Claims
  readonly owner: Owner
}

/**
 * Whether the caller's token grants a right on a key.
 *
 * Segments are compared as a whole (a right on `user1` does not match `user10`); in an owner bucket only the owner's own
 * segment counts.
 */
export const mayAct = (caller: Caller, action: Right, key: ResolvedKey, serviceRole = false): boolean => {
  if (serviceRole && caller.claims.role === 'service') return true
  if (!hasRight(caller.claims, key.storeId, action)) return false
  return key.owner === undefined || key.owner === caller.owner
}
