/** The objects of content in object storage. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import { addressOfKey, addressParts, partsKey, type RemoteKey } from '@rockpool/protocol'

/** The keys of the content and, with several parts, of its digest list, without which it is unreadable. */
export const objectsOf = (key: RemoteKey): readonly string[] =>
  addressParts(addressOfKey(key)) > 1 ? [key, partsKey(key)] : [key]

/**
 * Whether object storage has all objects of the content.
 *
 * @throws ObjectStoreError when the store cannot tell
 */
export const hasContent = async (
  store: Pick<ObjectStore, 'head'>,
  key: RemoteKey,
  signal: AbortSignal,
): Promise<boolean> => {
  for (const name of objectsOf(key)) {
    try {
      await store.head(name, { signal })
    } catch (error) {
      if (isObjectStoreError(error, 'not_found')) return false
      throw error
    }
  }
  return true
}
