/**
 * A range of content that is not whole on this disk, straight from object storage: nothing before the range is fetched.
 *
 * Parts that are read whole are verified before the reader gets their end, and kept. A slice of a part cannot be verified.
 */
import {
  addressOfKey,
  addressParts,
  type ByteRange,
  type ByteSpan,
  type ContentAddress,
  type ContentDigest,
  digestOfPart,
  equalBytes,
  type Hashing,
  isRockpoolError,
  partCount,
  partRange,
  type RemoteKey,
  resolveRange,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { read } from './byte-reader.ts'
import { damagedPart, mismatch } from './download.ts'
import { isNearlyWhole, type RangePiece, rangePieces, requestSpan, type VerifyMode } from './range-plan.ts'
import { type Chunks, keptOf, type NotKept, readerDriven } from './reader-driven.ts'
import { readDigests, readRange, type RemotePorts } from './remote-object.ts'
import { type StallClock, unlessStalled } from './stall.ts'

export interface RangePorts extends RemotePorts, StallClock {
  readonly blobs: Pick<BlobStore, 'parts' | 'openPart' | 'writePart' | 'quarantine'>
}

export interface RangeOptions {
  /** bytes of the whole content; taken from the object store when not given */
  readonly size?: number
  readonly verify: VerifyMode
  /** whether verified parts stay on this disk */
  readonly keep: boolean
}

export interface RangeDownload {
  /** bytes of the whole content */
  readonly size: number
  readonly span: ByteSpan
  /** Whether the stream ends without an error only if all of its bytes from object storage have the right digest. */
  readonly isVerified: boolean
  /** Driven by its reader. Cancelling it ends the download; whole parts stay on disk. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  /** Resolves when the stream has ended and its parts are on disk; rejects when the stream failed or was cancelled. */
  readonly kept: Promise<KeptParts>
}

/** What of content a range has brought to disk. */
export interface KeptParts {
  /** undefined when no part was read whole */
  readonly content: ContentDigest | undefined
}

/**
 * @returns undefined when the whole content is to be downloaded instead: the range leaves out little of it or has no bytes, its size
 *   does not fit its address, or the object store responds with something else than the range
 * @throws RockpoolError `not_found`, `offline`, `storage_unavailable` when nothing came for 30 s, and the signer's codes
 */
export const downloadRange = async (
  ports: RangePorts,
  remoteKey: RemoteKey,
  range: ByteRange,
  options: RangeOptions,
): Promise<RangeDownload | undefined> => {
  const stop = new AbortController()
  try {
    const started = await startRange(ports, remoteKey, range, { ...options, stop })
    if (!started) stop.abort()
    return started
  } catch (error) {
    stop.abort()
    // 416: the whole content has its size, and so the right response.
    if (isRockpoolError(error, 'bad_request')) return undefined
    throw error
  }
}

const startRange = async (
  ports: RangePorts,
  remoteKey: RemoteKey,
  range: ByteRange,
  { size: knownSize, verify, keep, stop }: RangeOptions & { readonly stop: AbortController },
): Promise<RangeDownload | undefined> => {
  const { hashing = WEB_HASHING } = ports
  const { signal } = stop
  const address = addressOfKey(remoteKey)
  const open = (range: ByteRange) => unlessStalled(ports, stop, readRange(ports, remoteKey, range, signal))

  let opened: OpenRange | undefined
  if (knownSize === undefined) {
    opened = await open(range)
    if (!opened) return undefined
  }
  const size = knownSize ?? opened!.size
  const span = resolveRange(range, size)
  if (!span || isNearlyWhole(span, size, hashing) || partCount(size, hashing) !== addressParts(address))
    return undefined

  const pieces = rangePieces(span, size, new Set(await ports.blobs.parts(address)), { hashing, verify })
  // A record lists the size, and so the length of the last part. It may be wrong: the download of the whole compares hashes.
  const last = pieces.at(-1)!
  if (last.from === 'disk' && last.number === addressParts(address)) {
    const part = await ports.blobs.openPart(address, last.number)
    const { start, end } = partRange(size, last.number, hashing)
    if (part?.size !== end - start) return undefined
  }
  const fetched = pieces.filter(({ from }) => from === 'remote')
  const digests = fetched.some(({ isWhole }) => isWhole) ? readDigests(ports, remoteKey, signal) : undefined
  digests?.catch(() => {}) // awaited at the end of the first whole part
  if (pieces[0]!.from === 'remote') {
    const first = requestSpan(pieces, 0)
    // With `verify: 'always'` the last part is read past the end of the range.
    if (opened && opened.span.end < first.end) {
      await opened.body.cancel()
      opened = undefined
    }
    // A missing object is an error of the response, not of its body.
    opened ??= await open(first)
    if (opened?.size !== size) return undefined
  }
  const chunks = readPieces({ ports, hashing, address, size, pieces, digests, open, opened, stop, keep })
  const { stream, result } = readerDriven(chunks, { stop, signal })
  return { size, span, isVerified: fetched.every(({ isWhole }) => isWhole), stream, kept: keptOf(result) }
}

async function* readPieces(range: {
  readonly ports: RangePorts
  readonly hashing: Hashing
  readonly address: ContentAddress
  readonly size: number
  readonly pieces: readonly RangePiece[]
  readonly digests: Promise<Uint8Array<ArrayBuffer>> | undefined
  readonly open: (range: ByteRange) => Promise<OpenRange | undefined>
  readonly opened: OpenRange | undefined
  readonly stop: AbortController
  readonly keep: boolean
}): Chunks<KeptParts | NotKept> {
  const { ports, hashing, address, size, pieces, digests, stop } = range
  let body = range.opened?.body
  let bodyAt = range.opened?.span.start
  // Keeping a part overlaps with reading the next one. When the disk fails, the reader still gets the rest.
  let keeping: Promise<void> = Promise.resolve()
  let failure: NotKept | undefined
  try {
    for (const [index, piece] of pieces.entries()) {
      const { number, read: from, wanted, isWhole } = piece
      if (piece.from === 'disk') {
        yield* await openSlice(ports, address, size, piece, hashing)
        continue
      }
      if (!body || bodyAt !== from.start) {
        await body?.cancel()
        const opened = await range.open(requestSpan(pieces, index))
        if (opened?.size !== size) throw mismatch()
        body = opened.body
      }
      const part = new Uint8Array(isWhole ? from.end - from.start : 0)
      let last = new Uint8Array(0)
      for (bodyAt = from.start; bodyAt < from.end;) {
        if (last.length > 0) yield last
        const bytes = await unlessStalled(ports, stop, read(body, from.end - bodyAt))
        if (isWhole) part.set(bytes, bodyAt - from.start)
        last = bytes.subarray(Math.max(0, wanted.start - bodyAt), Math.max(0, wanted.end - bodyAt))
        bodyAt += bytes.length
      }
      if (isWhole) {
        const expected = await unlessStalled(ports, stop, digests!)
        if (!equalBytes(await hashing.digest(part), digestOfPart(expected, number))) throw mismatch()
        await keeping
        if (range.keep && !failure) {
          keeping = ports.blobs.writePart(address, number, part).catch((notKept: unknown) => {
            failure = { notKept }
          })
        }
      }
      if (last.length > 0) yield last
    }
  } finally {
    await Promise.all([keeping, body?.cancel()])
  }
  return failure ?? { content: digests && { address, size, digests: await digests } }
}

/** The bytes of a part on this disk. A part of another length is damaged: the content is moved aside, and comes again next time. */
const openSlice = async (
  { blobs }: RangePorts,
  address: ContentAddress,
  size: number,
  { number, wanted }: RangePiece,
  hashing: Hashing,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> => {
  const { start, end } = partRange(size, number, hashing)
  const part = await blobs.openPart(address, number)
  if (part?.size === end - start) return part.slice(wanted.start - start, wanted.end - start).stream()
  // A part that is gone by now may be in one file with the others: another tab has added the same content.
  if (part) await blobs.quarantine(address)
  throw damagedPart()
}

type OpenRange = NonNullable<Awaited<ReturnType<typeof readRange>>>
