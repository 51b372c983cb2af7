/** The body of a POST, into the object store: its remote key is known only after the last byte. */
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isObjectStoreError, type ObjectStore, ObjectStoreError } from '@rockpool/object-store'
import {
  CHARSET_BYTES,
  type ContentAddress,
  type ContentDigest,
  ContentHasher,
  digestOfPart,
  fromHex,
  intoParts,
  partRange,
  partsKey,
  type RemoteKey,
  RockpoolError,
  safeType,
  sha256,
  withCharset,
} from '@rockpool/protocol'

export interface Spool {
  /** Bodies of several parts are here until their address is known. The process has this folder for itself. */
  readonly folder: string
  readonly store: ObjectStore
}

export interface BodyOptions {
  /** media type, as declared */
  readonly type: string
  /** bytes */
  readonly maxSize: number
  /**
   * Throws when the body may not have this many bytes (limits of the caller, beside `maxSize`). Called with the bytes so far after
   * each part, and with all of them before the object store is asked or written.
   */
  readonly checkSize: (size: number) => Promise<void>
  /** called once, before the object store is asked or written */
  readonly keyOf: (address: ContentAddress) => Promise<RemoteKey>
  readonly signal: AbortSignal
}

export interface StoredBody {
  readonly key: RemoteKey
  /** bytes */
  readonly size: number
  /** of text with its charset */
  readonly type: string
}

/** Removes the files that a killed process left in the folder. */
export const openSpool = async (folder: string, store: ObjectStore): Promise<Spool> => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return { folder, store }
}

/**
 * Stores a body in constant memory. A body of up to 8 MiB is hashed in memory. A longer one is hashed while it is written to a
 * file on this disk, and uploaded from there part by part. The alternative is a temporary key in S3, but S3 copies at most 5 GiB,
 * and drops the checksums of the parts.
 *
 * @throws RockpoolError `too_large` before anything is stored, `bad_request` when the body breaks off; what `checkSize` throws;
 *   ObjectStoreError
 */
export const storeBody = async (
  spool: Spool,
  body: AsyncIterable<Uint8Array>,
  { type: declared, ...limits }: BodyOptions,
): Promise<StoredBody> => {
  const parts = intoParts(limited(body, limits.maxSize))
  const first = (await parts.next()).value!
  const second = await parts.next()
  const type = withCharset(declared, first.subarray(0, CHARSET_BYTES), second.done ? first.length : Infinity)
  const options = { ...limits, type }
  if (second.done) return storePart(spool.store, first, options)
  const path = join(spool.folder, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  try {
    const content = await writeParts(spool.folder, file, prepend([first, second.value], parts), options.checkSize)
    const key = await options.keyOf(content.address)
    if (await isStored(spool.store, key, content.size, options.signal)) {
      // A collector that was killed leaves a content without its digest list.
      await storeDigests(spool.store, key, content, options.signal)
    } else await sendParts(spool.store, file, key, content, options)
    return { key, size: content.size, type }
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

async function* limited(body: AsyncIterable<Uint8Array>, maxSize: number): AsyncGenerator<Uint8Array, void> {
  let size = 0
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch(brokenOff)
      if (done) return
      size += value.length
      if (size > maxSize) throw bodyTooLarge(maxSize)
      yield value
    }
  } finally {
    await chunks.return?.()
  }
}

const brokenOff = (cause: unknown): never => {
  throw new RockpoolError('bad_request', 'The request body broke off. Send it again.', { cause })
}

export const bodyTooLarge = (maxSize: number) =>
  new RockpoolError('too_large', `This bucket takes files of at most ${maxSize} bytes. Send a smaller one.`)

async function* prepend<A>(first: readonly A[], rest: AsyncIterable<A>): AsyncGenerator<A, void> {
  yield* first
  yield* rest
}

/** The event logs are on the same disk: without room no store could append. As much as the folder of the bytes leaves. */
const RESERVE = 64 * 1024 * 1024

/** @throws ObjectStoreError `no_space` */
const requireRoom = async (folder: string, size: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= size + RESERVE) return
  throw new ObjectStoreError('no_space', 'The disk of the data folder has less than 64 MiB to spare. Make room.')
}

const writeParts = async (
  folder: string,
  file: FileHandle,
  parts: AsyncIterable<Uint8Array<ArrayBuffer>>,
  checkSize: BodyOptions['checkSize'],
): Promise<ContentDigest> => {
  const hasher = new ContentHasher()
  let size = 0
  for await (const part of parts) {
    size += part.length
    await checkSize(size)
    await requireRoom(folder, part.length)
    await Promise.all([hasher.add(part), file.writeFile(part)])
  }
  return hasher.finish()
}

const storePart = async (
  store: ObjectStore,
  bytes: Uint8Array<ArrayBuffer>,
  { type, checkSize, keyOf, signal }: BodyOptions,
): Promise<StoredBody> => {
  const size = bytes.length
  await checkSize(size)
  const digest = await sha256(bytes)
  const key = await keyOf(Buffer.from(digest).toString('hex') as ContentAddress)
  await putOnce(store, key, bytes, { size, type: safeType(type), sha256: digest, signal })
  return { key, size, type }
}

/** Writes once: any device may have stored the same bytes already. */
const putOnce = async (
  store: ObjectStore,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: { size: number; type?: string; sha256: Uint8Array<ArrayBuffer>; signal: AbortSignal },
): Promise<void> => {
  const put = () => store.put(key, bytes, { ...options, ifNoneMatch: '*' })
  try {
    await put()
  } catch (error) {
    if (!isObjectStoreError(error, 'precondition_failed')) throw error
    // Garbage collection may have deleted the object since.
    if (!(await isStored(store, key, bytes.length, options.signal))) await put()
  }
}

/** @throws RockpoolError `conflict` when something else is under this key */
const isStored = async (store: ObjectStore, key: string, size: number, signal: AbortSignal): Promise<boolean> => {
  try {
    const info = await store.head(key, { signal })
    if (info.size === size) return true
  } catch (error) {
    if (isObjectStoreError(error, 'not_found')) return false
    throw error
  }
  throw new RockpoolError('conflict', 'The object store holds other bytes for this content. Ask its operator.')
}

const sendParts = async (
  store: ObjectStore,
  file: FileHandle,
  key: RemoteKey,
  content: ContentDigest,
  { type, signal }: BodyOptions,
): Promise<void> => {
  const { multipart } = store
  const { size, digests } = content
  const uploadId = await multipart.start(key, { type: safeType(type), signal })
  try {
    for (let number = 1; number * 32 <= digests.length; number++) {
      const { start, end } = partRange(size, number)
      const bytes = new Uint8Array(end - start)
      await file.read(bytes, 0, bytes.length, start)
      const digest = digestOfPart(digests, number)
      await multipart.putPart(key, uploadId, number, bytes, { size: bytes.length, sha256: digest, signal })
    }
    // First: no reader finds the content without its digest list.
    await storeDigests(store, key, content, signal)
    await multipart.complete(key, uploadId, await multipart.listParts(key, uploadId, { signal }), { signal })
  } catch (error) {
    // Not by `signal`: it may be what ended the upload. Garbage collection removes what stays.
    await multipart.abort(key, uploadId).catch(() => {})
    throw error
  }
}

const storeDigests = (
  store: ObjectStore,
  key: RemoteKey,
  { digests, address }: ContentDigest,
  signal: AbortSignal,
): Promise<void> => {
  const sha256 = fromHex(address.slice(0, 64))
  return putOnce(store, partsKey(key), digests, { size: digests.length, sha256, signal })
}
