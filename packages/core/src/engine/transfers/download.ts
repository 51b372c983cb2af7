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
  digestOfPart,
  equalBytes,
  hashContent,
  isRockpoolError,
  partCount,
  partRange,
  type RemoteKey,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { type ByteReader, read, readExactly } from './byte-reader.ts'
import { type Chunks, keptOf, type NotKept, readerDriven } from './reader-driven.ts'
import { readDigests, readFrom, type RemotePorts } from './remote-object.ts'
import { type StallClock, unlessStalled } from './stall.ts'

export interface DownloadPorts extends RemotePorts, StallClock {
  readonly blobs: Pick<BlobStore, 'parts' | 'open' | 'openPart' | 'writePart' | 'quarantine' | 'isQuarantined'>
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
  /** Pulled by its reader: bytes that are not read are not fetched. Cancelling it ends the download; complete parts stay on disk. */
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
 *   has no intact copy, `size_mismatch`, `storage_unavailable` after 30 s without a byte, and the signer's codes
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

  const present = new Set(await ports.blobs.parts(address))
  // Requests the first missing part before returning: its response gives the size, and whether the object exists.
  let first = 1
  while (present.has(first)) first++
  const requests = [readDigests(ports, remoteKey, signal), readFrom(ports, remoteKey, first, signal)] as const
  try {
    const [digests, { body, size }] = await unlessStalled(ports, stop, Promise.all(requests))
    if (partCount(size, ports.hashing) !== addressParts(address)) throw mismatch()
    // A sign-in page or a filter may have responded: the record is wrong only when the bytes have the right hash.
    if (options.expectedSize !== undefined && options.expectedSize !== size && addressParts(address) === 1) {
      const { digest } = ports.hashing ?? WEB_HASHING
      const bytes = await unlessStalled(ports, stop, readExactly(body, size))
      if (!bytes || !equalBytes(await digest(bytes), digests)) throw mismatch()
    }
    requireSize(size)
    const chunks = readParts(ports, remoteKey, { digests, size, present, first, body, stop, signal })
    return asDownload('remote', size, chunks, { ...options, stop, signal })
  } catch (error) {
    // Ends the other request, too.
    stop.abort()
    throw error
  }
}

/** `signal` follows `stop`. */
interface Stop {
  readonly stop: AbortController
  readonly signal: AbortSignal
}

interface VerifiedContent {
  readonly blob: Blob
  readonly digest: ContentDigest
}

/**
 * The whole content on this disk, hashed again: a crash may have lost its index row. Bytes with another hash are damaged:
 * they are moved aside, not deleted, since they may be the only copy until the content is downloaded.
 */
const verifiedOnDisk = async (
  { blobs, hashing }: DownloadPorts,
  address: ContentAddress,
): Promise<VerifiedContent | undefined> => {
  const blob = await blobs.open(address)
  if (!blob) return undefined
  const digest = await hashContent(blob.stream(), hashing)
  if (digest.address === address) return { blob, digest }
  await blobs.quarantine(address)
  return undefined
}

async function* readDisk({ blob, digest }: VerifiedContent): Chunks<ContentDigest> {
  yield* blob.stream()
  return digest
}

async function* readParts(
  ports: DownloadPorts,
  key: RemoteKey,
  source: {
    readonly digests: Uint8Array<ArrayBuffer>
    readonly size: number
    readonly present: ReadonlySet<number>
    readonly first: number
    readonly body: ByteReader
  } & Stop,
): Chunks<ContentDigest | NotKept> {
  const { digests, size, stop, signal } = source
  let { present } = source
  const { hashing = WEB_HASHING } = ports
  const address = addressOfKey(key)
  let body = source.body
  let bodyAt = source.first
  // Writing a part overlaps with reading the next one. When the disk fails, the reader still gets the rest.
  let keeping: Promise<void> = Promise.resolve()
  let failure: NotKept | undefined
  try {
    for (let number = 1; number <= addressParts(address); number++) {
      const onDisk = present.has(number) ? await ports.blobs.openPart(address, number) : undefined
      if (onDisk) {
        const bytes = new Uint8Array(await onDisk.arrayBuffer())
        if (equalBytes(await hashing.digest(bytes), digestOfPart(digests, number))) {
          yield bytes
          continue
        }
        // This reader gets the part from object storage. All parts on disk are moved aside; the next read downloads them again.
        await ports.blobs.quarantine(address)
        present = new Set()
        failure = { notKept: damagedPart() }
      }
      if (bodyAt !== number) {
        await body.cancel()
        body = (await unlessStalled(ports, stop, readFrom(ports, key, number, signal))).body
      }
      bodyAt = number + 1
      const { start, end } = partRange(size, number, hashing)
      const part = new Uint8Array(end - start)
      let last = new Uint8Array(0)
      for (let filled = 0; filled < part.length; filled += last.length) {
        if (last.length > 0) yield last
        last = await unlessStalled(ports, stop, read(body, part.length - filled))
        part.set(last, filled)
      }
      if (!equalBytes(await hashing.digest(part), digestOfPart(digests, number))) throw mismatch()
      await keeping
      if (!failure) {
        keeping = ports.blobs.writePart(address, number, part).catch((notKept: unknown) => {
          failure = { notKept }
        })
      }
      if (last.length > 0) yield last
    }
  } finally {
    await Promise.all([keeping, body.cancel()])
  }
  return failure ?? { address, size, digests }
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

/** The error for a record with another size than its content. Nothing on disk changes. */
export const sizeMismatch = (listed: number, actual: number): RockpoolError =>
  new RockpoolError(
    'size_mismatch',
    `This file is listed with a size of ${listed}, but its content has ${actual} bytes. It was not opened. ` +
      'Try again; if it stays, remove the file, or ask whoever added it to add it again.',
  )

const damaged = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'This file is damaged on this device and is stored nowhere else. Add it again from its source.',
    { cause },
  )

/** The error for a part on this disk that was moved aside. */
export const damagedPart = (): RockpoolError =>
  new RockpoolError('corrupt', 'A part of this file was damaged on this device. Open it again to download it whole.')

/** The error for bytes whose digest is wrong. */
export const mismatch = (): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'The object store sent wrong bytes for this file; they were discarded. Try again. If this repeats, tell the administrator.',
  )
