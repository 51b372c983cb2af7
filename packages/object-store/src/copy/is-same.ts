/** Whether two stores hold the same object, by hash, reading as little as possible. */
import { createHash, type Hash } from 'node:crypto'
import {
  addressOfDigests,
  addressParts,
  parseRemoteKey,
  PART_SIZE,
  partCount,
  partRange,
  toHex,
} from '@rockpool/protocol'
import { isObjectStoreError } from '../errors.ts'
import type { ObjectInfo, ObjectStore } from '../object-store.ts'

/**
 * Whether the target has the object with the source's bytes and type.
 *
 * - The target proves a SHA-256 of its own, and the key names one: they are compared, nothing is read.
 * - The target has S3's MD5 etag: the source is read and its MD5 compared (parts of 8 MiB, as we send them).
 * - Else both are read.
 */
export const isSame = async (
  source: ObjectStore,
  target: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> => {
  const call = signal ? { signal } : {}
  const there = await target.head(key, call).catch((error: unknown) => {
    if (isObjectStoreError(error, 'not_found')) return undefined
    throw error
  })
  if (!there) return false
  const here = await source.head(key, call)
  if (here.size !== there.size || here.type !== there.type) return false
  const named = parseRemoteKey(key)?.address
  if (named && there.address && addressParts(named) === addressParts(there.address)) return named === there.address
  const ours = await fingerprint(source, here, signal)
  if (there.address === ours.address) return true
  if (MD5_ETAG.test(there.etag)) return there.etag === ours.etag
  return (await fingerprint(target, there, signal)).address === ours.address
}

const MD5_ETAG = /^"[0-9a-f]{32}(-\d+)?"$/

/** The content address of an object's bytes, and the etag that S3 gives to them when they come in parts of 8 MiB. */
const fingerprint = async (
  store: ObjectStore,
  { key, size }: ObjectInfo,
  signal?: AbortSignal,
): Promise<{ readonly address: string; readonly etag: string }> => {
  const parts: { sha256: Hash; md5: Hash }[] = []
  let at = 0
  const start = () => parts.push({ sha256: createHash('sha256'), md5: createHash('md5') })
  start()
  const { body } = await store.get(key, signal ? { signal } : {})
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length;) {
      const { end } = partRange(size, parts.length)
      if (at === end) start()
      const length = Math.min(chunk.length - taken, parts.length * PART_SIZE - at)
      const bytes = chunk.subarray(taken, taken + length)
      parts.at(-1)!.sha256.update(bytes)
      parts.at(-1)!.md5.update(bytes)
      taken += length
      at += length
    }
  }
  const md5s = parts.map((part) => part.md5.digest())
  const digests = new Uint8Array(Buffer.concat(parts.map((part) => part.sha256.digest())))
  const count = partCount(size)
  const etag = count === 1 ? toHex(md5s[0]!) : `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${count}`
  return { address: await addressOfDigests(digests), etag: `"${etag}"` }
}
