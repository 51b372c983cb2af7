/** Copies one object from one store to another: verified by hash, resumable part by part, in constant memory. */
import { createHash } from 'node:crypto'
import {
  addressOfDigests,
  addressParts,
  type ContentAddress,
  DIGEST_SIZE,
  digestOfPart,
  equalBytes,
  parseRemoteKey,
  PART_SIZE,
  partCount,
  partRange,
  sha256,
  toHex,
} from '@rockpool/protocol'
import { ObjectStoreError } from './errors.ts'
import type { ObjectInfo, ObjectStore, UploadedPart } from './object-store.ts'
import { digestsBeside, findUnfinished, partsOf, type UnfinishedUpload } from './unfinished-upload.ts'

/** Parts in flight: 32 MiB of memory. */
const PARALLEL = 4

export interface TransferOptions {
  readonly signal?: AbortSignal
  /** the uploadId of an earlier attempt, whose parts need not be sent again */
  readonly uploadId?: string | undefined
  /** without an uploadId: resumes an upload of this key that the target lists */
  readonly adopt?: boolean
  /** called with the uploadId to save for the next attempt */
  readonly onUpload?: (uploadId: string) => void
  /** called with the number of bytes that arrived since the last call, and whether an earlier attempt had sent them */
  readonly onBytes?: (bytes: number, before: boolean) => void
}

/**
 * Copies an object, replacing what the target has. Each part's SHA-256 is signed into its upload, and the whole is compared
 * with the content address that its key ends in.
 *
 * @returns the source's metadata
 * @throws ObjectStoreError `not_found`, `digest_mismatch` (the source's bytes are not those of the address; the target keeps
 *   what it had), `conflict` (it was replaced during the copy), and what `put` throws
 */
export const transferObject = async (
  source: ObjectStore,
  target: ObjectStore,
  key: string,
  options: TransferOptions = {},
): Promise<ObjectInfo> => {
  const info = await source.head(key, options)
  const proof = new Proof(addressToProve(info), info.size)
  if (info.size <= PART_SIZE) {
    const bytes = await readPart(source, info, 1, options.signal)
    const digest = await proof.add(bytes)
    await proof.check()
    await target.put(key, bytes, { size: info.size, type: info.type, sha256: digest, ...signalOf(options) })
    options.onBytes?.(info.size, false)
  } else {
    await transferParts(source, target, info, proof, options)
  }
  return info
}

const transferParts = async (
  source: ObjectStore,
  target: ObjectStore,
  info: ObjectInfo,
  proof: Proof,
  options: TransferOptions,
): Promise<void> => {
  const { key, size, type } = info
  const { multipart } = target
  const call = signalOf(options)
  const { uploadId, parts: before, digests } = await startOrResume(source, target, info, options)
  const there = new Map(before.map((part) => [part.number, part]))
  /** part 1 first: as the target named those that hold the right bytes */
  const proven: UploadedPart[] = []
  const underWay = new Set<Promise<unknown>>()
  let failure: unknown

  const sendPart = async (number: number): Promise<void> => {
    const { start, end } = partRange(size, number)
    const part = there.get(number)
    const expected = digests && digestOfPart(digests, number)
    if (expected && part?.size === end - start && part.sha256 && equalBytes(part.sha256, expected)) {
      proof.addDigest(expected)
      proven[number - 1] = part
      return options.onBytes?.(end - start, true)
    }
    const bytes = await readPart(source, info, number, options.signal)
    const digest = await proof.add(bytes)
    if (expected && !equalBytes(digest, expected)) throw damaged()
    if (part && isThere(part, bytes, digest)) {
      proven[number - 1] = part
      return options.onBytes?.(bytes.length, true)
    }
    const sending = multipart
      .putPart(key, uploadId, number, bytes, { size: bytes.length, sha256: digest, ...call })
      .then((sent) => {
        proven[number - 1] = sent
        options.onBytes?.(bytes.length, false)
      })
      .catch((error: unknown) => (failure ??= error))
      .finally(() => underWay.delete(sending))
    underWay.add(sending)
    if (underWay.size >= PARALLEL) await Promise.race(underWay)
  }

  try {
    for (let number = 1; number <= partCount(size) && failure === undefined; number++) await sendPart(number)
  } finally {
    await Promise.all(underWay)
  }
  if (failure !== undefined) throw failure
  try {
    await proof.check()
  } catch (error) {
    await multipart.abort(key, uploadId, call)
    throw error
  }
  const parts = await multipart.listParts(key, uploadId, call)
  if (!isSameList(parts, proven)) {
    throw new ObjectStoreError('conflict', 'Another client sent parts of this upload. Copy the object again.')
  }
  await multipart.complete(key, uploadId, parts, call)
  // No store tells the type that an upload was started with.
  if (before.length > 0 && (await target.head(key, call)).type !== type) {
    throw new ObjectStoreError('conflict', 'The upload had been started with another type. Copy the object again.')
  }
}

/** With the digest list of content, when there are parts that it can prove. */
const startOrResume = async (
  source: ObjectStore,
  target: ObjectStore,
  info: ObjectInfo,
  options: TransferOptions,
): Promise<UnfinishedUpload & { readonly digests?: Uint8Array<ArrayBuffer> | undefined }> => {
  const call = signalOf(options)
  const { key, type } = info
  if (options.uploadId !== undefined) {
    const parts = await partsOf(target, key, options.uploadId, call)
    if (parts) {
      const digests = parts.length > 0 ? await digestsBeside(source, info, call) : undefined
      return { uploadId: options.uploadId, parts, digests }
    }
  }
  const found = options.adopt ? await findUnfinished(target, info, call) : undefined
  if (found) {
    const digests = await digestsBeside(source, info, call)
    // The upload may be a device's, and the signer completes it without a SHA-256 where S3 stores none: bytes that
    // are not verified must not be sent there.
    if (digests || !parseRemoteKey(key)) return { ...found, digests }
  }
  const uploadId = await target.multipart.start(key, { type, ...call })
  options.onUpload?.(uploadId)
  return { uploadId, parts: [] }
}

/** Whether a part of an earlier attempt is this one: by the store's SHA-256, or else by the MD5 that S3 has as its etag. */
const isThere = (part: UploadedPart, bytes: Uint8Array, digest: Uint8Array): boolean =>
  part.size === bytes.length &&
  (part.sha256
    ? equalBytes(part.sha256, digest)
    : unquoted(part.etag) === createHash('md5').update(bytes).digest('hex'))

/** Whether the target lists exactly the parts that were proven. */
const isSameList = (listed: readonly UploadedPart[], proven: readonly UploadedPart[]): boolean =>
  listed.length === proven.length &&
  listed.every(({ number, size, etag }, i) => {
    const part = proven[i]!
    return number === part.number && size === part.size && unquoted(etag) === unquoted(part.etag)
  })

const unquoted = (etag: string): string => etag.replaceAll('"', '')

const readPart = async (
  source: ObjectStore,
  { key, size, etag }: ObjectInfo,
  number: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { start, end } = partRange(size, number)
  const range = size === 0 ? {} : { range: { start, end } }
  const { info, body } = await source.get(key, { ...range, ...(signal ? { signal } : {}) })
  const bytes = new Uint8Array(end - start)
  let at = 0
  const changed = () => new ObjectStoreError('conflict', 'The object was replaced while it was copied. Copy it again.')
  if (info.etag !== etag) {
    await body.cancel()
    throw changed()
  }
  for await (const chunk of body) {
    if (at + chunk.length > bytes.length) throw changed()
    bytes.set(chunk, at)
    at += chunk.length
  }
  if (at < bytes.length) throw new ObjectStoreError('unavailable', 'The source ended before its last byte. Try again.')
  return bytes
}

/** The address in the key of content; of other objects only a plain SHA-256, since their parts may be cut otherwise. */
const addressToProve = (info: ObjectInfo): ContentAddress | undefined => {
  const named = parseRemoteKey(info.key)?.address
  if (named) return named
  return info.address && addressParts(info.address) === 1 ? info.address : undefined
}

/** Verifies streamed bytes against an address, composite or of the whole. */
class Proof {
  readonly #address: ContentAddress | undefined
  readonly #digests: Uint8Array<ArrayBuffer>
  readonly #whole = createHash('sha256')
  readonly #isWhole: boolean
  #parts = 0

  constructor(address: ContentAddress | undefined, size: number) {
    this.#address = address
    this.#digests = new Uint8Array(partCount(size) * DIGEST_SIZE)
    this.#isWhole = address !== undefined && addressParts(address) === 1 && size > PART_SIZE
  }

  /** @returns the digest of the part */
  async add(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#isWhole) this.#whole.update(bytes)
    const digest = await sha256(bytes)
    this.addDigest(digest)
    return digest
  }

  /** Of a part that need not be read. Counts for composite addresses only. */
  addDigest(digest: Uint8Array<ArrayBuffer>): void {
    this.#digests.set(digest, this.#parts++ * DIGEST_SIZE)
  }

  /** @throws ObjectStoreError `digest_mismatch` */
  async check(): Promise<void> {
    if (this.#address === undefined) return
    const found = this.#isWhole ? toHex(this.#whole.digest()) : await addressOfDigests(this.#digests)
    if (found !== this.#address) throw damaged()
  }
}

const damaged = () =>
  new ObjectStoreError(
    'digest_mismatch',
    'The source holds other bytes than the address says: they are damaged. Delete the object, or restore it.',
  )

const signalOf = ({ signal }: TransferOptions): { readonly signal?: AbortSignal } => (signal ? { signal } : {})
