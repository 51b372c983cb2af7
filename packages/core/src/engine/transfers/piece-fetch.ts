/** Fetches one piece of content into memory, and goes on from what an earlier download has saved of it. */
import type { ContentAddress, Hashing } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { type IsRight, readPart } from './disk-parts.ts'
import { fragmentSaver } from './fragments.ts'
import type { PieceBody } from './piece-body.ts'
import { type RangePiece, requestSpan } from './range-plan.ts'
import type { StallClock } from './stall.ts'

export interface PieceFetch {
  /** Fills `into` with the piece, from offset `from` of it on. */
  fetch(index: number, into: Uint8Array<ArrayBuffer>, from: number, onBytes: (bytes: number) => void): Promise<void>
  /**
   * Fills `into` with a whole part: its fragments from disk, and the rest from object storage.
   *
   * @returns whether there were fragments, and the part has the right digest. If not, it is to be fetched whole
   */
  resume(index: number, into: Uint8Array<ArrayBuffer>): Promise<boolean>
  /** Resolves when no fragment is on its way to disk. */
  saved(): Promise<void>
}

export const pieceFetch = (
  {
    blobs,
    clock,
    hashing,
  }: StallClock & {
    readonly blobs: Pick<BlobStore, 'writeFragment' | 'deleteFragments'>
    readonly hashing?: Hashing
  },
  {
    address,
    pieces,
    fragments,
    body,
    isRight,
    keep,
  }: {
    readonly address: ContentAddress
    readonly pieces: readonly RangePiece[]
    readonly fragments: Promise<ReadonlyMap<number, Blob>>
    readonly body: PieceBody
    readonly isRight: IsRight | undefined
    readonly keep: boolean
  },
): PieceFetch => {
  const saver = fragmentSaver(blobs, address, clock, hashing)

  const fetch: PieceFetch['fetch'] = async (index, into, from, onBytes) => {
    const { number, read, isWhole } = pieces[index]!
    const isSaved = isWhole && keep
    if (isSaved) saver.begin(number, from)
    let at = from
    try {
      while (at < into.length) {
        const more = await body.read(read.start + at, into.length - at, () => requestSpan(pieces, index).end)
        into.set(more, at)
        at += more.length
        onBytes(more.length)
        if (isSaved && at < into.length) saver.grew(into.subarray(0, at))
      }
    } catch (error) {
      if (isSaved) saver.cut(into.subarray(0, at))
      throw error
    }
  }

  return {
    fetch,
    async resume(index, into) {
      const { number } = pieces[index]!
      const start = await readPart((await fragments).get(number))
      if (!start || !isRight || start.length >= into.length) return false
      into.set(start)
      // The reader gets none of it before all of it is verified: a disk may have damaged the fragments.
      await fetch(index, into, start.length, () => {})
      if (await isRight(number, into)) return true
      await saver.settled()
      await blobs.deleteFragments(address).catch(() => {}) // they go when the part is written, too
      return false
    },
    saved: saver.settled,
  }
}
