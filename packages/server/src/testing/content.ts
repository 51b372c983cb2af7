/** For tests: content by its seed. */
import { hashContent, toBase64 } from '@rockpool/protocol'

export const URL_SECRET = 'url secret of at least thirty-two characters'

export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly size: number
  readonly address: string
  /** base64 */
  readonly digests: string
}

/** Bytes that differ by `seed`. */
export const bytesOf = (size: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let state = seed * 2_654_435_761
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export const contentOf = async (size: number, seed = 1): Promise<Content> => {
  const bytes = bytesOf(size, seed)
  const { address, digests } = await hashContent([bytes])
  return { bytes, size, address, digests: toBase64(digests) }
}
