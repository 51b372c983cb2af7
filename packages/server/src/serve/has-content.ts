/** Whether object storage has a content that an event claims to be stored. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import { addressOfKey, addressParts, type RemoteKey } from '@rockpool/protocol'

/**
 * Content of several parts needs its digest list, too: nobody can read it without.
 *
 * @throws ObjectStoreError when the store cannot tell
 */
export const hasContent = async (
  store: Pick<ObjectStore, 'head'>,
  remoteKey: RemoteKey,
  signal: AbortSignal,
): Promise<boolean> => {
  const keys = addressParts(addressOfKey(remoteKey)) > 1 ? [remoteKey, `${remoteKey}.parts`] : [remoteKey]
  for (const key of keys) {
    try {
      await store.head(key, { signal })
    } catch (error) {
      if (isObjectStoreError(error, 'not_found')) return false
      throw error
    }
  }
  return true
}
