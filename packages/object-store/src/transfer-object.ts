/** Brings one object from one store to another: verified by hash, resumable part by part, in constant memory. */
import { createHash } from 'node:crypto'
import {
  addressOfDigests,
  addressParts,
  type ContentAddress,
  DIGEST_SIZE,
  equalBytes,
  parseRemoteKey,
  PART_SIZE,
  partCount,
  partRange,
  sha256,
  toHex,
} from '@rockpool/protocol'
import { isObjectStoreError, ObjectStoreError } from './errors.ts'
import type { ObjectInfo, ObjectStore, UploadedPart } from './object-store.ts'

/** Parts on their way at once: 32 MiB of memory. */
const PARALLEL = 4

export interface TransferOptions {
  readonly signal?: AbortSignal
  /** the uploadId of an earlier attempt, whose parts need not be sent again */
  readonly uploadId?: string | undefined
  /** told the uploadId to keep for a next attempt */
  readonly onUpload?: (uploadId: string) => void
  /** told how many more bytes have arrived */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Copies an object, replacing what the target has. Each part's SHA-256 is signed into its upload, and the whole is compared
 * with the content address that its key ends in.
 *
 * @returns what the source knows of it
 * @throws ObjectStoreError `not_found`, `digest_mismatch` (the source's bytes are not those of the address; the target keeps
 *   what it had), `conflict` (it was replaced meanwhile), and what `put` throws
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
    options.onBytes?.(info.size)
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
  const { uploadId, parts: before } = await startOrResume(target, info, options)
  const there = new Map(before.map((part) => [part.number, part]))
  const underWay = new Set<Promise<unknown>>()
  let failure: unknown

  for (let number = 1; number <= partCount(size) && failure === undefined; number++) {
    const bytes = await readPart(source, info, number, options.signal)
    const digest = await proof.add(bytes)
    if (isThere(there.get(number), bytes, digest)) {
      options.onBytes?.(bytes.length)
      continue
    }
    const sending = multipart
      .putPart(key, uploadId, number, bytes, { size: bytes.length, sha256: digest, ...signalOf(options) })
      .then(() => options.onBytes?.(bytes.length))
      .catch((error: unknown) => (failure ??= error))
      .finally(() => underWay.delete(sending))
    underWay.add(sending)
    if (underWay.size >= PARALLEL) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  if (failure !== undefined) throw failure
  try {
    await proof.check()
  } catch (error) {
    await multipart.abort(key, uploadId, signalOf(options))
    throw error
  }
  const parts = await multipart.listParts(key, uploadId, signalOf(options))
  await multipart.complete(key, uploadId, parts, signalOf(options))

  async function startOrResume(store: ObjectStore, of: ObjectInfo, { uploadId: known, onUpload }: TransferOptions) {
    if (known !== undefined) {
      try {
        return { uploadId: known, parts: await store.multipart.listParts(of.key, known, signalOf(options)) }
      } catch (error) {
        if (!isObjectStoreError(error, 'upload_not_found')) throw error
      }
    }
    const started = await store.multipart.start(of.key, { type, ...signalOf(options) })
    onUpload?.(started)
    return { uploadId: started, parts: [] }
  }
}

/** Whether a part of an earlier attempt is this one: by the store's SHA-256, or else by the MD5 that S3 has as its etag. */
const isThere = (part: UploadedPart | undefined, bytes: Uint8Array, digest: Uint8Array): boolean =>
  part !== undefined &&
  part.size === bytes.length &&
  (part.sha256
    ? equalBytes(part.sha256, digest)
    : part.etag.replaceAll('"', '') === createHash('md5').update(bytes).digest('hex'))

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

/** The address in the key of a content; of other objects only a plain SHA-256, since their parts may be cut otherwise. */
const addressToProve = (info: ObjectInfo): ContentAddress | undefined => {
  const named = parseRemoteKey(info.key)?.address
  if (named) return named
  return info.address && addressParts(info.address) === 1 ? info.address : undefined
}

/** Compares bytes that stream past with an address, be it a composite one or the hash of the whole. */
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
    this.#digests.set(digest, this.#parts++ * DIGEST_SIZE)
    return digest
  }

  /** @throws ObjectStoreError `digest_mismatch` */
  async check(): Promise<void> {
    if (this.#address === undefined) return
    const found = this.#isWhole ? toHex(this.#whole.digest()) : await addressOfDigests(this.#digests)
    if (found === this.#address) return
    throw new ObjectStoreError(
      'digest_mismatch',
      'The source holds other bytes than the address says: they are damaged. Delete the object, or restore it.',
    )
  }
}

const signalOf = ({ signal }: TransferOptions): { readonly signal?: AbortSignal } => (signal ? { signal } : {})
