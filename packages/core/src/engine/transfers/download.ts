/**
 * One attempt to download content from object storage to a reader and, part by part, to disk: a plain async function, the
 * same in a page and in a service worker.
 *
 * The reader gets bytes as they arrive, but the last chunk of each part only after the part was verified: a body with a
 * wrong hash ends in an error, never in a clean end, and is not kept (peer failure 3).
 */
import {
  addressOfKey,
  addressParts,
  type ContentAddress,
  type ContentDigest,
  equalBytes,
  hashContent,
  iterable,
  isLegacyKey,
  isRockpoolError,
  partCount,
  type RemoteKey,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { bytesReader, readUpTo } from './byte-reader.ts'
import { damaged, largeLegacy, mismatch, noRanges, sizeMismatch } from './download-errors.ts'
import { joinFragments } from './fragments.ts'
import type { OpenBody } from './piece-body.ts'
import { firstMissing, rangePieces, type VerifyMode } from './range-plan.ts'
import { type PiecePorts, type PieceSource, readPieces } from './read-pieces.ts'
import { type Chunks, keptOf, type NotKept, readerDriven } from './reader-driven.ts'
import { type RemoteBody, type RemoteObject, remoteObject } from './remote-object.ts'
import type { Stop } from './stall.ts'

export interface DownloadPorts extends PiecePorts {
  readonly blobs: PiecePorts['blobs'] & Pick<BlobStore, 'parts' | 'open' | 'fragments' | 'isQuarantined'>
}

export interface DownloadOptions {
  readonly signal?: AbortSignal
  /** size by the file's record, in bytes: content of another size is refused. Not checked when not given */
  readonly expectedSize?: number
  /** bytes given to the reader so far, and in all */
  readonly onProgress?: (bytes: number, total: number) => void
}

export interface Download {
  /** bytes in all */
  readonly size: number
  /** `remote` proves that object storage has the content under this key; `disk` says nothing about that */
  readonly source: 'disk' | 'remote'
  /** Driven by its reader, by at most three parts ahead of it. Cancelling it ends the download; complete parts stay on disk. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  /**
   * Resolves when the stream has ended and all parts are on disk, verified. Rejects when the stream failed or was
   * cancelled, or with `quota_exceeded` or `disk_failed` when only the disk failed.
   */
  readonly kept: Promise<ContentDigest>
}

/**
 * Starts a download. Parts that are on disk already are read from there, and hashed again before the reader gets them.
 *
 * @throws RockpoolError `not_found`, `offline`, `aborted`, `corrupt` when what is on this disk is damaged and object storage
 *   has no intact copy, `size_mismatch`, `unsupported` for content of livestore-filesync above one part, `storage_unavailable`
 *   after 30 s without a byte, and the signer's codes
 */
export const download = async (
  ports: DownloadPorts,
  remoteKey: RemoteKey,
  options: DownloadOptions = {},
): Promise<Download> => {
  try {
    return await startDownload(ports, remoteKey, options)
  } catch (error) {
    const isLost = isRockpoolError(error, 'not_found') && (await ports.blobs.isQuarantined(addressOfKey(remoteKey)))
    throw isLost ? damaged(error) : error
  }
}

const startDownload = async (
  ports: DownloadPorts,
  remoteKey: RemoteKey,
  options: DownloadOptions,
): Promise<Download> => {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const address = addressOfKey(remoteKey)
  const requireSize = (actual: number): void => {
    const { expectedSize = actual } = options
    if (expectedSize !== actual) throw sizeMismatch(expectedSize, actual)
  }
  const onDisk = await verifiedOnDisk(ports, address)
  if (onDisk) {
    requireSize(onDisk.digest.size)
    return asDownload('disk', onDisk.digest.size, readDisk(onDisk), { ...options, stop, signal })
  }

  const { hashing = WEB_HASHING } = ports
  const [parts, fragments] = await Promise.all([ports.blobs.parts(address), ports.blobs.fragments(address)])
  const present = new Set(parts)
  const gap = firstMissing(present, addressParts(address), hashing)
  // Another tab has brought the last part in between.
  if (!gap) return startDownload(ports, remoteKey, options)
  const starts = joinFragments(fragments)
  const fragment = starts.get(gap.start / hashing.partSize + 1)?.size ?? 0
  const object = remoteObject(ports, remoteKey, { stop, signal })
  try {
    const [digests, { response, range }] = await Promise.all([
      object.digests(),
      openMissing(object, { gap, fragment, ...options }),
    ])
    const opened = await withSize(response, { ...options, range, address, digests, ports })
    const { size } = opened
    requireSize(size)
    if (partCount(size, ports.hashing) !== addressParts(address))
      throw isLegacyKey(remoteKey) ? largeLegacy() : mismatch()
    const pieces = rangePieces({ start: 0, end: size }, size, present, { hashing, verify: VERIFY })
    const source = {
      address,
      size,
      pieces,
      digests: Promise.resolve(digests),
      fragments: Promise.resolve(range === gap ? NONE : starts),
      object,
      opened,
      stop,
      keep: true,
      verify: VERIFY,
    }
    const chunks = readAll(ports, source, digests)
    return asDownload('remote', size, chunks, { ...options, stop, signal })
  } catch (error) {
    // Ends the other request, too.
    stop.abort()
    throw error
  }
}

async function* readAll(
  ports: DownloadPorts,
  source: PieceSource,
  digests: Uint8Array<ArrayBuffer>,
): Chunks<ContentDigest | NotKept> {
  const notKept = yield* readPieces(ports, source)
  return notKept ?? { address: source.address, size: source.size, digests }
}

const NONE: ReadonlyMap<number, Blob> = new Map()

/** All parts are read whole: the reader need not wait for the digest of one before it gets its first bytes. */
const VERIFY: VerifyMode = 'parts'

/** Bytes that are not on disk. `end` is exclusive, the end of the content when not given. */
interface Gap {
  readonly start: number
  readonly end?: number
}

/**
 * What follows the first fragments. A response without a size, or with another one than the record's, may be wrong: then the part is
 * fetched whole, whose digest proves its size.
 *
 * @param fragment bytes that are here from the start of the gap on
 */
const openMissing = async (
  object: RemoteObject,
  { gap, fragment, expectedSize }: { readonly gap: Gap; readonly fragment: number; readonly expectedSize?: number },
): Promise<{ readonly response: RemoteBody; readonly range: Gap }> => {
  if (fragment > 0) {
    const range = { ...gap, start: gap.start + fragment }
    const response = await object.open(range).catch((error: unknown) => {
      if (isRockpoolError(error, 'bad_request')) return undefined // 416: the content is shorter
      throw error
    })
    if (response?.sent && response.sent.size === (expectedSize ?? response.sent.size)) return { response, range }
    await response?.body.cancel()
  }
  return { response: await openFrom(object, gap), range: gap }
}

/** Content without bytes has no range: the object store responds with 416. */
const openFrom = async (object: RemoteObject, missing: Gap): Promise<RemoteBody> => {
  try {
    return await object.open(missing)
  } catch (error) {
    if (missing.start > 0 || !isRockpoolError(error, 'bad_request')) throw error
    return object.open()
  }
}

interface VerifiedContent {
  readonly blob: Blob
  readonly digest: ContentDigest
}

/**
 * The whole content on this disk, hashed again: a crash may have lost its index row. Bytes with another hash are damaged:
 * they are moved aside, not deleted, since they may be the only copy until the content is downloaded.
 */
const verifiedOnDisk = async (ports: DownloadPorts, address: ContentAddress): Promise<VerifiedContent | undefined> => {
  const { blobs, hashing } = ports
  const blob = await blobs.open(address)
  if (!blob) return undefined
  const digest = await hashContent(blob.stream(), hashing)
  if (digest.address === address) return { blob, digest }
  return (await blobs.quarantine(address)) === 'intact' ? verifiedOnDisk(ports, address) : undefined
}

async function* readDisk({ blob, digest }: VerifiedContent): Chunks<ContentDigest> {
  yield* iterable(blob.stream())
  return digest
}

/**
 * A response with the size of the whole content. A record may be wrong, and so may a response: a sign-in page or a filter may have
 * sent it. Where they differ, or the size is not known, content of one part is read whole, since its digest proves its size.
 */
const withSize = async (
  { body, sent, isRange }: RemoteBody,
  {
    range: { start, end },
    expectedSize,
    address,
    digests,
    ports,
  }: {
    /** of the request */
    readonly range: { readonly start: number; readonly end?: number }
    readonly expectedSize?: number
    readonly address: ContentAddress
    readonly digests: Uint8Array<ArrayBuffer>
    readonly ports: DownloadPorts
  },
): Promise<OpenBody & { readonly size: number }> => {
  const { digest, partSize } = ports.hashing ?? WEB_HASHING
  if (addressParts(address) === 1 && (sent === undefined || (expectedSize ?? sent.size) !== sent.size)) {
    const bytes = await readUpTo(body, partSize)
    if (!bytes || !equalBytes(await digest(bytes), digests)) throw mismatch()
    return { body: bytesReader(bytes), at: 0, end: bytes.length, size: bytes.length }
  }
  if (sent) return { body, at: sent.start, end: sent.end, size: sent.size }
  if (expectedSize !== undefined && (isRange || start === 0))
    return { body, at: start, end: isRange ? (end ?? expectedSize) : expectedSize, size: expectedSize }
  await body.cancel()
  throw noRanges()
}

const asDownload = (
  source: Download['source'],
  size: number,
  chunks: Chunks<ContentDigest | NotKept>,
  { stop, signal, onProgress }: Stop & Pick<DownloadOptions, 'onProgress'>,
): Download => {
  let bytes = 0
  const { stream, result } = readerDriven(chunks, { stop, signal }, (more) => {
    bytes += more
    onProgress?.(bytes, size)
  })
  return { size, source, stream, kept: keptOf(result) }
}
