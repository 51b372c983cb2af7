/**
 * Hashing while bytes stream past, in constant memory: at most two parts (16 MiB) are held.
 *
 * WebCrypto hashes part after part at native speed; a streaming SHA-256 in JavaScript or wasm is 2 to 12 times
 * slower (ARCHITECTURE.md, "Content address").
 */
import { addressOfDigests, type ContentAddress, DIGEST_SIZE, MAX_PARTS } from './content-address.ts'
import { RockpoolError } from './errors.ts'
import { type Hashing, WEB_HASHING } from './hashing.ts'
import { type ByteSource, iterable } from './iterate-stream.ts'

/** Address, size and digests of hashed content. */
export interface ContentDigest {
  readonly address: ContentAddress
  /** bytes */
  readonly size: number
  /** SHA-256 of each part in order, concatenated: 32 x N bytes */
  readonly digests: Uint8Array<ArrayBuffer>
}

/**
 * Cuts a stream of chunks of any size into parts of exactly `partSize` bytes, 8 MiB by default (the last may be shorter). An
 * empty source gives one empty part. Each yielded part is a buffer of its own.
 */
export async function* intoParts(
  source: ByteSource,
  { partSize }: Pick<Hashing, 'partSize'> = WEB_HASHING,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  // Grows with its bytes: a thousand small files at once must not take 8 MiB each.
  let part = new Uint8Array(0)
  let filled = 0
  let yielded = false
  for await (const chunk of iterable(source)) {
    let taken = 0
    while (taken < chunk.length) {
      const length = Math.min(chunk.length - taken, partSize - filled)
      part = withRoom(part, filled + length, partSize)
      part.set(chunk.subarray(taken, taken + length), filled)
      taken += length
      filled += length
      if (filled === partSize) {
        yield part
        yielded = true
        part = new Uint8Array(partSize)
        filled = 0
      }
    }
  }
  if (filled > 0 || !yielded) yield new Uint8Array(part.buffer.transfer(filled))
}

/** A buffer for at least `size` bytes with the bytes of `part`; at least twice as large, so that growing stays cheap. */
const withRoom = (part: Uint8Array<ArrayBuffer>, size: number, maxSize: number): Uint8Array<ArrayBuffer> =>
  part.length >= size ? part : new Uint8Array(part.buffer.transfer(Math.min(maxSize, Math.max(size, 2 * part.length))))

/** Collects the digests of parts, in the order in which they are given, and names the whole at the end. */
export class ContentHasher {
  readonly #digests: Promise<Uint8Array<ArrayBuffer>>[] = []
  readonly #hashing: Hashing
  #size = 0

  constructor(hashing: Hashing = WEB_HASHING) {
    this.#hashing = hashing
  }

  /**
   * Hashes the next part. Only the last one may be shorter than a whole part.
   *
   * @throws RockpoolError `too_large` past 10,000 parts (78 GiB in parts of 8 MiB)
   */
  async add(part: Uint8Array<ArrayBuffer>): Promise<void> {
    const { partSize, digest: digestOf } = this.#hashing
    if (this.#size % partSize !== 0 || part.length > partSize) {
      throw new Error(`All parts but the last have exactly ${partSize} bytes: of others the address would be wrong.`)
    }
    if (this.#size + part.length > MAX_PARTS * partSize) throw tooLarge()
    this.#size += part.length
    const digest = digestOf(part)
    this.#digests.push(digest)
    await digest
  }

  async finish(): Promise<ContentDigest> {
    const digests = new Uint8Array(this.#digests.length * DIGEST_SIZE)
    for (const [i, digest] of this.#digests.entries()) digests.set(await digest, i * DIGEST_SIZE)
    return { address: await addressOfDigests(digests, this.#hashing), size: this.#size, digests }
  }
}

/** The address, size and digests of a stream of chunks. */
export const hashContent = async (source: ByteSource, hashing: Hashing = WEB_HASHING): Promise<ContentDigest> => {
  const hasher = new ContentHasher(hashing)
  for await (const part of intoParts(source, hashing)) await hasher.add(part)
  return hasher.finish()
}

/** The error for content over 78 GiB. */
export const tooLarge = (): RockpoolError =>
  new RockpoolError('too_large', 'A file can have at most 78 GiB (10,000 parts of 8 MiB). Split it into several files.')
