/**
 * The loop of every download: reads pieces of content, in order, from disk or object storage, for one reader. It runs ahead of the
 * reader by three parts at most: while one is hashed and written, the next one arrives.
 *
 * Parts that are read whole are verified before the reader gets their end, and kept.
 */
import { type ContentAddress, digestOfPart, equalBytes, WEB_HASHING } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { type DiskParts, diskParts, type IsRight } from './disk-parts.ts'
import { mismatch } from './download-errors.ts'
import { type OpenBody, pieceBody } from './piece-body.ts'
import { type PieceFetch, pieceFetch } from './piece-fetch.ts'
import { type PieceBuffer, pieceWindow, type PieceWindow } from './piece-window.ts'
import type { RangePiece, VerifyMode } from './range-plan.ts'
import type { Chunks, NotKept } from './reader-driven.ts'
import type { RemoteObject, RemotePorts } from './remote-object.ts'

export interface PiecePorts extends RemotePorts {
  readonly blobs: Pick<BlobStore, 'openPart' | 'writePart' | 'writeFragment' | 'deleteFragments' | 'quarantine'>
}

export interface PieceSource {
  readonly address: ContentAddress
  /** bytes of the whole content */
  readonly size: number
  readonly pieces: readonly RangePiece[]
  /** of all parts; not given when no piece from object storage is a whole part */
  readonly digests: Promise<Uint8Array<ArrayBuffer>> | undefined
  /** the start of parts that have not arrived whole, by number; not verified */
  readonly fragments: Promise<ReadonlyMap<number, Blob>>
  readonly object: RemoteObject
  /** the response to the first request, if it was sent already */
  readonly opened: OpenBody | undefined
  /** ends the requests of `object` */
  readonly stop: AbortController
  /** whether verified parts are written to disk */
  readonly keep: boolean
  /** `always`: the reader gets nothing of a part before it is verified */
  readonly verify: VerifyMode
}

/** @returns why verified parts are not on disk, if any are not */
export async function* readPieces(ports: PiecePorts, source: PieceSource): Chunks<NotKept | undefined> {
  const { hashing = WEB_HASHING } = ports
  const { digests, pieces, stop, verify } = source
  const isRight: IsRight | undefined =
    digests &&
    (async (number: number, bytes: Uint8Array<ArrayBuffer>) => {
      const [expected, digest] = await Promise.all([digests, hashing.digest(bytes)])
      return equalBytes(digest, digestOfPart(expected, number))
    })
  const window = pieceWindow()
  const disk = diskParts(ports.blobs, { ...source, hashing, isRight })
  const body = pieceBody(source)
  const fetching = pieceFetch(ports, { ...source, body, isRight })
  const filling = fillWindow(window, { pieces, disk, fetching, isRight })
  try {
    for (const { read, wanted } of pieces) {
      yield* window.take(wanted.start - read.start, wanted.end - read.start, verify === 'always')
    }
  } catch (error) {
    stop.abort(error)
    throw error
  } finally {
    window.close()
    await body.cancel()
    await filling
  }
  return disk.notKept
}

/** Adds one piece after the other to the window. Resolves when the last part that arrived is on disk; never rejects. */
const fillWindow = async (
  window: PieceWindow,
  {
    pieces,
    disk,
    fetching,
    isRight,
  }: {
    readonly pieces: readonly RangePiece[]
    readonly disk: DiskParts
    readonly fetching: PieceFetch
    readonly isRight: IsRight | undefined
  },
): Promise<void> => {
  const verify = async (number: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    if (!(await isRight!(number, bytes))) throw mismatch()
  }
  let keeping: Promise<void> = Promise.resolve()
  const keep = async (number: number, buffer: PieceBuffer, before: Promise<void>) => {
    try {
      await buffer.verified
      await before
      await fetching.saved()
      await disk.write(number, buffer.bytes)
    } catch {
      // The reader gets the error of a part with another digest.
    } finally {
      window.release(buffer)
    }
  }

  try {
    for (const [index, piece] of pieces.entries()) {
      if (!(await window.room())) break
      const onDisk = piece.from === 'disk' ? await disk.read(piece) : undefined
      if (onDisk) {
        window.release(window.add(onDisk, onDisk.length))
        continue
      }
      const { start, end } = piece.read
      const buffer = window.add(window.allocate(end - start))
      const { bytes } = buffer
      const isResumed = piece.isWhole && (await fetching.resume(index, bytes))
      if (isResumed) window.grow(buffer, bytes.length)
      else await fetching.fetch(index, bytes, 0, (more) => window.grow(buffer, more))
      if (!piece.isWhole) {
        window.release(buffer)
        continue
      }
      // In the same task as the last `grow`: the reader waits for it.
      buffer.verified = isResumed ? Promise.resolve() : verify(piece.number, bytes)
      keeping = keep(piece.number, buffer, keeping)
    }
  } catch (error) {
    window.fail(error)
  }
  await keeping
  await fetching.saved()
}
