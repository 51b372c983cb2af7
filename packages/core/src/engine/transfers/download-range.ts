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
  type ContentDigest,
  isRockpoolError,
  partCount,
  partRange,
  type RemoteKey,
  resolveRange,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { joinFragments } from './fragments.ts'
import type { OpenBody } from './piece-body.ts'
import { endsPart, isNearlyWhole, rangePieces, type RangePiece, requestSpan, type VerifyMode } from './range-plan.ts'
import { type PiecePorts, type PieceSource, readPieces } from './read-pieces.ts'
import { type Chunks, keptOf, type NotKept, readerDriven } from './reader-driven.ts'
import { remoteObject } from './remote-object.ts'

export interface RangePorts extends PiecePorts {
  readonly blobs: PiecePorts['blobs'] & Pick<BlobStore, 'parts' | 'fragments'>
}

export interface RangeOptions {
  /** bytes of the whole content; taken from the object store when not given */
  readonly size?: number
  readonly verify: VerifyMode
  /** whether verified parts stay on this disk */
  readonly keep: boolean
  /** numbers of the parts on this disk, when the caller has listed them already */
  readonly present?: readonly number[]
  /** also when the range leaves out little of the content, or nothing */
  readonly evenIfNearlyWhole?: boolean
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
  {
    size: knownSize,
    verify,
    keep,
    present,
    evenIfNearlyWhole = false,
    stop,
  }: RangeOptions & { readonly stop: AbortController },
): Promise<RangeDownload | undefined> => {
  const { hashing = WEB_HASHING } = ports
  const { signal } = stop
  const address = addressOfKey(remoteKey)
  const object = remoteObject(ports, remoteKey, { stop, signal })
  const open = async (range: ByteRange): Promise<(OpenBody & { readonly size: number }) | undefined> => {
    const { body, sent } = await object.open(range)
    if (sent) return { body, at: sent.start, end: sent.end, size: sent.size }
    await body.cancel()
    return undefined
  }

  let opened = knownSize === undefined ? await open(range) : undefined
  const size = knownSize ?? opened?.size
  const span = size === undefined ? undefined : resolveRange(range, size)
  if (size === undefined || !span) return undefined
  if (!evenIfNearlyWhole && isNearlyWhole(span, size, hashing)) return undefined
  if (partCount(size, hashing) !== addressParts(address)) return undefined

  const onDisk = new Set(present ?? (await ports.blobs.parts(address)))
  const startsOnDisk = () => ports.blobs.fragments(address).then(joinFragments)
  // Looked up only where it may matter: the reader waits for its first byte.
  const starts = endsPart(span, size, hashing) ? await startsOnDisk() : undefined
  const started = new Map([...(starts ?? [])].map(([number, bytes]) => [number, bytes.size]))
  const pieces = rangePieces(span, size, onDisk, { hashing, verify, started })
  // A record lists the size, and so the length of the last part. It may be wrong: the download of the whole compares hashes.
  const last = pieces.at(-1)!
  if (last.from === 'disk' && last.number === addressParts(address)) {
    const part = await ports.blobs.openPart(address, last.number)
    const { start, end } = partRange(size, last.number, hashing)
    if (part?.size !== end - start) return undefined
  }
  const fetched = pieces.filter(({ from }) => from === 'remote')
  const digests = fetched.some(({ isWhole }) => isWhole) ? object.digests() : undefined
  digests?.catch(() => {}) // awaited at the end of the first whole part
  const fragments = digests ? Promise.resolve(starts ?? startsOnDisk()) : Promise.resolve(new Map())
  fragments.catch(() => {}) // awaited at the start of the first whole part
  if (pieces[0]!.from === 'remote') {
    const first = firstRequest(pieces, started)
    // With `verify: 'always'` the last part is read past the end of the range.
    if (opened && (opened.at !== first.start || opened.end < first.end)) {
      await opened.body.cancel()
      opened = undefined
    }
    // A missing object is an error of the response, not of its body.
    opened ??= await open(first)
    if (opened?.size !== size) return undefined
  }
  const source = { address, size, pieces, digests, fragments, object, opened, stop, keep, verify }
  const { stream, result } = readerDriven(readRange(ports, source), { stop, signal })
  return { size, span, isVerified: fetched.every(({ isWhole }) => isWhole), stream, kept: keptOf(result) }
}

/** Goes on from the start of the first part that is on disk, if that part is read whole. */
const firstRequest = (pieces: readonly RangePiece[], started: ReadonlyMap<number, number>): ByteSpan => {
  const { start, end } = requestSpan(pieces, 0)
  const { number, isWhole, read } = pieces[0]!
  const bytes = started.get(number) ?? 0
  return { start: isWhole && bytes < read.end - read.start ? start + bytes : start, end }
}

async function* readRange(ports: RangePorts, source: PieceSource): Chunks<KeptParts | NotKept> {
  const notKept = yield* readPieces(ports, source)
  const { address, size, digests } = source
  return notKept ?? { content: digests && { address, size, digests: await digests } }
}
