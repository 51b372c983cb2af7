/**
 * Hashing while bytes stream past, in constant memory: at most two parts (16 MiB) are held.
 *
 * WebCrypto hashes part after part at native speed; a streaming SHA-256 in JavaScript or wasm is 2 to 12 times
 * slower (ARCHITECTURE.md, "Content address").
 */
import {
  addressOfDigests,
  type ContentAddress,
  DIGEST_SIZE,
  MAX_CONTENT_SIZE,
  PART_SIZE,
  sha256,
} from './content-address.ts'
import { RockpoolError } from './errors.ts'

/** What a finished write or hash knows of a content. */
export interface ContentDigest {
  readonly address: ContentAddress
  /** bytes */
  readonly size: number
  /** SHA-256 of each part in order, concatenated: 32 x N bytes */
  readonly digests: Uint8Array<ArrayBuffer>
}

/**
 * Cuts a stream of chunks of any size into parts of exactly {@link PART_SIZE} bytes (the last may be shorter). An empty
 * source gives one empty part. Each yielded part is a buffer of its own.
 */
export async function* intoParts(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let part = new Uint8Array(PART_SIZE)
  let filled = 0
  let yielded = false
  for await (const chunk of source) {
    let taken = 0
    while (taken < chunk.length) {
      const length = Math.min(chunk.length - taken, PART_SIZE - filled)
      part.set(chunk.subarray(taken, taken + length), filled)
      taken += length
      filled += length
      if (filled === PART_SIZE) {
        yield part
        yielded = true
        part = new Uint8Array(PART_SIZE)
        filled = 0
      }
    }
  }
  if (filled > 0 || !yielded) yield part.slice(0, filled)
}

/** Collects the digests of parts given in order, and names the whole at the end. */
export class ContentHasher {
  #digests: Uint8Array<ArrayBuffer>[] = []
  #size = 0

  /**
   * Hashes the next part.
   *
   * @throws RockpoolError `too_large` past 10,000 parts (78 GiB)
   */
  async add(part: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#size + part.length > MAX_CONTENT_SIZE) throw tooLarge()
    this.#size += part.length
    this.#digests.push(await sha256(part))
  }

  async finish(): Promise<ContentDigest> {
    const digests = new Uint8Array(this.#digests.length * DIGEST_SIZE)
    this.#digests.forEach((digest, i) => digests.set(digest, i * DIGEST_SIZE))
    return { address: await addressOfDigests(digests), size: this.#size, digests }
  }
}

/** The address, size and digests of a stream of chunks. */
export const hashContent = async (source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<ContentDigest> => {
  const hasher = new ContentHasher()
  for await (const part of intoParts(source)) await hasher.add(part)
  return hasher.finish()
}

/** The error for a content over 78 GiB. */
export const tooLarge = (): RockpoolError =>
  new RockpoolError('too_large', 'A file can have at most 78 GiB (10,000 parts of 8 MiB). Split it into several files.')
