/** What the killed writer and its judge agree on. */
import { createHash } from 'node:crypto'
import type { ObjectStore } from '../object-store.ts'
import { someBytes } from '../testing/bytes.ts'

/** 0 to 131,071 bytes that follow from the key. */
export const bytesOfKey = (key: string): Uint8Array<ArrayBuffer> => {
  const seed = createHash('sha256').update(key).digest().readUInt32LE()
  return someBytes(seed & 0x1ffff, seed)
}

/** All keys of a store, through all pages. */
export const listKeys = async (store: ObjectStore): Promise<readonly string[]> => {
  const keys: string[] = []
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await store.list('', cursor === undefined ? {} : { cursor })
    keys.push(...page.objects.map((object) => object.key))
    cursor = page.cursor
  }
  return keys
}
