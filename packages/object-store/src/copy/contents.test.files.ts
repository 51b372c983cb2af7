/** A store's worth of contents to copy: sizes around the part, a digest list, another object. */
import { buildRemoteKey, hashContent, PART_SIZE, sha256 } from '@rockpool/protocol'
import type { ObjectStore } from '../object-store.ts'
import { someBytes } from '../testing/bytes.ts'

const SIZES = [0, 1, 100_000, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 12_345]

/** Fills a store. @returns its keys, and their bytes */
export const fillStore = async (store: ObjectStore): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> => {
  const contents = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const [i, size] of SIZES.entries()) {
    const bytes = someBytes(size, i + 1)
    const { address, digests } = await hashContent([bytes])
    const key = buildRemoteKey({ storeId: 's', bucket: 'files', address })
    contents.set(key, bytes)
    if (size <= PART_SIZE) {
      await store.put(key, bytes, { size, type: 'image/png' })
      continue
    }
    const uploadId = await store.multipart.start(key, { type: 'video/mp4' })
    for (let at = 0, number = 1; at < size; at += PART_SIZE, number++) {
      const part = bytes.slice(at, at + PART_SIZE)
      await store.multipart.putPart(key, uploadId, number, part, { size: part.length, sha256: await sha256(part) })
    }
    await store.multipart.complete(key, uploadId, await store.multipart.listParts(key, uploadId))
    await store.put(`${key}.parts`, digests, { size: digests.length })
    contents.set(`${key}.parts`, digests)
  }
  const state = someBytes(77)
  await store.put('gc/s', state, { size: 77, type: 'application/json' })
  await store.put('tmp/probe', state, { size: 77 })
  return contents.set('gc/s', state)
}
