import type { CallOptions, ListedObject, ObjectStore } from './object-store.ts'

/**
 * All objects whose key starts with `prefix` ('' for all), ascending by the key's UTF-8 bytes. Reads a page when the one
 * before it is used up, so the list is not a snapshot: objects may be added and deleted while it is read.
 *
 * @throws ObjectStoreError as `ObjectStore.list`
 */
export async function* listAll(
  store: Pick<ObjectStore, 'list'>,
  prefix: string,
  call: CallOptions = {},
): AsyncGenerator<ListedObject, void> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, cursor === undefined ? call : { ...call, cursor })
    yield* page.objects
    cursor = page.cursor
  } while (cursor !== undefined)
}
