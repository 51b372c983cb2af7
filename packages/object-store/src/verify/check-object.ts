/** Verifies one object by reading and hashing it. */
import { createHash } from 'node:crypto'
import {
  addressOfDigests,
  addressParts,
  type ContentAddress,
  contentKeyOf,
  DIGEST_SIZE,
  parseRemoteKey,
  PART_SIZE,
  partCount,
  toHex,
} from '@rockpool/protocol'
import { isObjectStoreError } from '../errors.ts'
import { isUnreadable } from '../local/disk-errors.ts'
import type { ObjectInfo, ObjectStore } from '../object-store.ts'

export type Checked =
  | { readonly state: 'whole' | 'unproven'; readonly bytes: number }
  /** `reason`: a sentence for the operator */
  | { readonly state: 'damaged'; readonly reason: string; readonly bytes: number }

/**
 * Checks an object against the address in its key, a digest list against the address of its content, and any other object
 * against the SHA-256 that the store keeps of it; without one it is `unproven`. S3's own checksum is believed: nothing is read.
 *
 * @throws ObjectStoreError when the store cannot be read
 */
export const checkObject = async (store: ObjectStore, key: string, signal?: AbortSignal): Promise<Checked> => {
  const call = signal ? { signal } : {}
  const [expected, isList] = expectedOf(key)
  try {
    if (store.mode === 's3' && expected !== undefined && !isList) {
      const { address } = await store.head(key, call)
      if (address !== undefined && addressParts(address) === addressParts(expected)) {
        return address === expected ? { state: 'whole', bytes: 0 } : otherBytes(0)
      }
    }
    const { info, body } = await store.get(key, call)
    const found = await hash(body, info)
    const wanted = expected ?? wholeAddress(info)
    if (found.size !== info.size) return { state: 'damaged', reason: 'Its length is wrong.', bytes: found.size }
    if (wanted === undefined) return { state: 'unproven', bytes: found.size }
    const right = isList ? found.listed : addressParts(wanted) === 1 ? found.whole : found.composite
    return right === wanted ? { state: 'whole', bytes: found.size } : otherBytes(found.size)
  } catch (error) {
    if (isUnreadable(error)) return { state: 'damaged', reason: 'The disk cannot read it.', bytes: 0 }
    if (!isObjectStoreError(error, 'not_found')) throw error
    return { state: 'damaged', reason: 'Its bytes are missing, or their length is wrong.', bytes: 0 }
  }
}

const otherBytes = (bytes: number): Checked => ({
  state: 'damaged',
  reason: 'Its bytes do not match its hash.',
  bytes,
})

/** The address that proves an object, and whether the object is the digest list of content. */
const expectedOf = (key: string): readonly [address: ContentAddress | undefined, isList: boolean] => {
  const contentKey = contentKeyOf(key)
  return [parseRemoteKey(contentKey)?.address, contentKey !== key]
}

/** Of other objects only a hash of the whole counts: their parts may be cut otherwise. */
const wholeAddress = ({ address }: ObjectInfo): ContentAddress | undefined =>
  address !== undefined && addressParts(address) === 1 ? address : undefined

/** Hashes a body as a whole, in parts, and as a digest list. */
const hash = async (body: ReadableStream<Uint8Array>, { size }: ObjectInfo) => {
  const whole = createHash('sha256')
  const digests: Buffer[] = []
  const list: Uint8Array[] = []
  const isSmall = size <= DIGEST_SIZE * 10_000
  let part = createHash('sha256')
  let [inPart, read] = [0, 0]
  const endPart = () => {
    digests.push(part.digest())
    part = createHash('sha256')
    inPart = 0
  }
  for await (const chunk of body) {
    whole.update(chunk)
    if (isSmall) list.push(chunk)
    for (let at = 0; at < chunk.length;) {
      if (inPart === PART_SIZE) endPart()
      const bytes = chunk.subarray(at, at + PART_SIZE - inPart)
      part.update(bytes)
      at += bytes.length
      inPart += bytes.length
    }
    read += chunk.length
  }
  if (digests.length < partCount(size)) endPart()
  const listed = new Uint8Array(Buffer.concat(list))
  return {
    size: read,
    whole: toHex(whole.digest()),
    composite: await addressOfDigests(new Uint8Array(Buffer.concat(digests))),
    listed: isSmall && read > 0 && read % DIGEST_SIZE === 0 ? await addressOfDigests(listed) : undefined,
  }
}
