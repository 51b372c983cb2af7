/** The objects that a content consists of in object storage. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import { addressOfKey, addressParts, type RemoteKey } from '@rockpool/protocol'

/** The object beside a content of several parts that holds its digest list (32 x N bytes). */
export const partsKey = (key: string): string => `${key}.parts`

/** The content, and the digest list of one with several parts: nobody can read it without. */
export const objectsOf = (key: RemoteKey): readonly string[] =>
  addressParts(addressOfKey(key)) > 1 ? [key, partsKey(key)] : [key]

/**
 * Whether object storage has all of a content.
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
