/** How a range of content is read: which of its bytes are on disk, which are fetched, and which can be verified. */
import { type ByteSpan, type Hashing, partRange } from '@rockpool/protocol'

/**
 * `parts`: parts that lie in the range are verified, and the rest is passed on as it is. `always`: every part that the range
 * touches is fetched whole and verified.
 */
export type VerifyMode = 'parts' | 'always'

/** The share of one part in a range. */
export interface RangePiece {
  /** of the part, 1 to N */
  readonly number: number
  readonly from: 'disk' | 'remote'
  /** what is read; offsets in the content */
  readonly read: ByteSpan
  /** what the reader of the range gets; lies in `read` */
  readonly wanted: ByteSpan
  /** the whole part is read, so that its digest can be compared */
  readonly isWhole: boolean
}

/**
 * The pieces of a range, in order.
 *
 * @param size bytes of the content
 * @param present numbers of the parts that are on disk
 * @param started bytes of parts that are on disk from their first one on, by number: a part that the range completes is read whole
 */
export const rangePieces = (
  span: ByteSpan,
  size: number,
  present: ReadonlySet<number>,
  {
    hashing,
    verify,
    started = new Map(),
  }: { readonly hashing: Hashing; readonly verify: VerifyMode; readonly started?: ReadonlyMap<number, number> },
): readonly RangePiece[] => {
  const pieces: RangePiece[] = []
  for (let number = Math.floor(span.start / hashing.partSize) + 1; ; number++) {
    const part = partRange(size, number, hashing)
    const wanted = { start: Math.max(span.start, part.start), end: Math.min(span.end, part.end) }
    const from = present.has(number) ? 'disk' : 'remote'
    const isCompleted = wanted.end === part.end && (started.get(number) ?? 0) >= wanted.start - part.start
    const read = from === 'remote' && (verify === 'always' || isCompleted) ? part : wanted
    pieces.push({ number, from, read, wanted, isWhole: read.end - read.start === part.end - part.start })
    if (part.end >= span.end) return pieces
  }
}

/** Whether the range is the end of a part, so that bytes of this part on disk may make it whole. */
export const endsPart = ({ start, end }: ByteSpan, size: number, { partSize }: Pick<Hashing, 'partSize'>): boolean =>
  start % partSize > 0 && end >= Math.min(size, Math.ceil(start / partSize) * partSize)

/** The bytes that one request brings: from piece `index`, which is fetched, to the next one on disk. */
export const requestSpan = (pieces: readonly RangePiece[], index: number): ByteSpan => {
  let last = index
  while (pieces[last + 1]?.from === 'remote') last++
  return { start: pieces[index]!.read.start, end: pieces[last]!.read.end }
}

/**
 * The first bytes of content that are not on disk, before its size is known: from the first missing part to the next one on disk, or
 * to the end. Undefined when all parts are on disk.
 *
 * @param present numbers of the parts that are on disk, of `parts` in all
 */
export const firstMissing = (
  present: ReadonlySet<number>,
  parts: number,
  { partSize }: Pick<Hashing, 'partSize'>,
): { readonly start: number; readonly end?: number } | undefined => {
  let first = 1
  while (present.has(first)) first++
  if (first > parts) return undefined
  let last = first
  while (last < parts && !present.has(last + 1)) last++
  return { start: (first - 1) * partSize, ...(last < parts ? { end: last * partSize } : {}) }
}

/** Whether so little of the content is outside the range that all of it is fetched and verified: 1 MiB with parts of 8 MiB. */
export const isNearlyWhole = (span: ByteSpan, size: number, { partSize }: Pick<Hashing, 'partSize'>): boolean =>
  size - (span.end - span.start) <= partSize / 8
