/** Owner buckets: everyone writes under their own segment. */
import {
  buildRemoteKey,
  type ContentAddress,
  ownerOf,
  parseRemoteKey,
  type RemoteKey,
  RockpoolError,
} from '@rockpool/protocol'
import { Effect } from 'effect'
import { callPort, Platform, Settings } from '../services.ts'

/** The user's segment; undefined while no token says who the user is. */
export const userSegment = Effect.gen(function* () {
  const { claims } = yield* Settings
  const { hashing } = yield* Platform
  const user = claims()
  return user && (yield* callPort(() => ownerOf(user.sub, hashing)))
})

/** The user's segment in remote keys of the bucket; undefined where content belongs to the store. */
export const ownerSegment = (bucket: string) =>
  Effect.gen(function* () {
    const { buckets } = yield* Settings
    if (buckets[bucket]?.access !== 'owner') return undefined
    const user = yield* userSegment
    if (!user) {
      return yield* Effect.fail(
        new RockpoolError(
          'unauthenticated',
          `The bucket "${bucket}" belongs to its users: sign in before adding to it.`,
        ),
      )
    }
    return user
  })

/** The key under which this user has content in the bucket. */
export const ownKey = (bucket: string, address: ContentAddress) =>
  Effect.gen(function* () {
    const { storeId } = yield* Settings
    return buildRemoteKey({ storeId, bucket, owner: yield* ownerSegment(bucket), address })
  })

/**
 * Whether this device may upload under a key: a key of this store, in no other user's segment. A record may name any
 * key for bytes that happen to be on this disk.
 */
export const ownUploads = Effect.gen(function* () {
  const { buckets, storeId } = yield* Settings
  const user = yield* userSegment
  return (key: RemoteKey): boolean => {
    const parts = parseRemoteKey(key)
    // Legacy keys, without a bucket, are read and never written.
    if (parts?.storeId !== storeId || parts.bucket === undefined) return false
    if (parts.owner === undefined) return buckets[parts.bucket]?.access !== 'owner'
    // Without a token the user is unknown, and the upload must not be lost: the signer decides.
    return user === undefined || parts.owner === user
  }
})

/**
 * Fails when the user may not reference this content in an event. Checked before the commit: the person hears of it now, not when the
 * sync server refuses the event.
 */
export const requireOwnKey = (key: RemoteKey) =>
  Effect.gen(function* () {
    const { bucket = '', owner } = parseRemoteKey(key) ?? {}
    if (owner === (yield* ownerSegment(bucket))) return
    return yield* Effect.fail(
      new RockpoolError(
        'forbidden',
        'These bytes are in the space of another user of this bucket. Open them and add them as your own.',
      ),
    )
  })
