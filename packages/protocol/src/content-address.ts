/**
 * Content addresses: the SHA-256 of content, exactly as S3 computes its own checksums.
 *
 * - up to one part: 64 hex digits, the SHA-256 of the bytes;
 * - larger: the hex SHA-256 of the concatenated binary SHA-256 digests of its parts, then `-N`
 *   (S3's composite `ChecksumSHA256` of a multipart upload in 8 MiB parts).
 *
 * @see ARCHITECTURE.md, "Content address"
 */
import { toHex } from './bytes.ts'
import { RockpoolError } from './errors.ts'
import { type Hashing, PART_SIZE, WEB_HASHING } from './hashing.ts'

/** The name of immutable bytes: 64 lower-case hex digits, followed by `-N` for content of N parts. */
export type ContentAddress = string & { readonly brand: 'ContentAddress' }

/** S3 allows at most 10,000 parts in one upload. */
export const MAX_PARTS = 10_000

/** The largest content in parts of 8 MiB, in bytes: 78.125 GiB. */
export const MAX_CONTENT_SIZE = PART_SIZE * MAX_PARTS

/** Bytes of one SHA-256 digest. */
export const DIGEST_SIZE = 32

/** The address of the empty file: the SHA-256 of no bytes. */
export const EMPTY_ADDRESS = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as ContentAddress

const ADDRESS = /^[0-9a-f]{64}(?:-([1-9][0-9]{0,4}))?$/

/** The number of parts that content of `size` bytes has: at least 1, since the empty file is one empty part. */
export const partCount = (size: number, { partSize }: Pick<Hashing, 'partSize'> = WEB_HASHING): number =>
  Math.max(1, Math.ceil(size / partSize))

/** Where part `number` (1 to N) of content of `size` bytes lies: offsets in bytes, `end` exclusive. */
export const partRange = (
  size: number,
  number: number,
  { partSize }: Pick<Hashing, 'partSize'> = WEB_HASHING,
): { readonly start: number; readonly end: number } => ({
  start: (number - 1) * partSize,
  end: Math.min(number * partSize, size),
})

/** The address if `text` is a well-formed one, else undefined. */
export const parseAddress = (text: string): ContentAddress | undefined => {
  const match = ADDRESS.exec(text)
  return match && isPartSuffix(match[1]) ? (text as ContentAddress) : undefined
}

/** Whether an address may end in `-parts`; undefined is an address without a suffix. */
export const isPartSuffix = (parts: string | undefined): boolean =>
  parts === undefined || (Number(parts) >= 2 && Number(parts) <= MAX_PARTS)

/** How many parts the content of this address has (N of `-N`, else 1). */
export const addressParts = (address: ContentAddress): number => Number(address.slice(65) || 1)

/** Whether content of `size` bytes can have this address, by the number of its parts. */
export const addressFits = (
  address: ContentAddress,
  size: number,
  hashing: Pick<Hashing, 'partSize'> = WEB_HASHING,
): boolean =>
  Number.isSafeInteger(size) &&
  size >= 0 &&
  size <= MAX_PARTS * hashing.partSize &&
  addressParts(address) === partCount(size, hashing)

/**
 * The address of content, from the digests of its parts.
 *
 * @param digests the SHA-256 digests of all parts in order, concatenated: 32 x N bytes
 */
export const addressOfDigests = async (
  digests: Uint8Array<ArrayBuffer>,
  { digest }: Pick<Hashing, 'digest'> = WEB_HASHING,
): Promise<ContentAddress> => {
  const parts = digests.length / DIGEST_SIZE
  if (!Number.isInteger(parts) || parts < 1 || parts > MAX_PARTS) {
    throw new RockpoolError(
      'bad_request',
      `A digest list has 32 bytes for each of 1 to ${MAX_PARTS} parts, not ${digests.length}.`,
    )
  }
  if (parts === 1) return toHex(digests) as ContentAddress
  return `${toHex(await digest(digests))}-${parts}` as ContentAddress
}

/** The digest (32 bytes) of part `number` (1 to N) in a digest list. */
export const digestOfPart = (digests: Uint8Array<ArrayBuffer>, number: number): Uint8Array<ArrayBuffer> =>
  digests.subarray((number - 1) * DIGEST_SIZE, number * DIGEST_SIZE)

/** Whether two byte arrays hold the same bytes. Not for secrets: its time depends on the bytes. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
