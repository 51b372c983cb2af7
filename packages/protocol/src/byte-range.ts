/** Which bytes a request means: RFC 9110, section 14, single ranges. */

/** As asked for: from `start` on, through `end` (exclusive) if given, or the last `suffix` bytes. */
export type ByteRange = { readonly start: number; readonly end?: number } | { readonly suffix: number }

/** As answered: offsets in bytes, `end` exclusive. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

const RANGE = /^bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/i

/**
 * The single range of a `Range` header. Undefined for anything else (other units, several ranges, nonsense), which a
 * server must ignore and answer with the whole (section 14.2).
 */
export const parseRange = (header: string | null | undefined): ByteRange | undefined => {
  const match = RANGE.exec(header?.trim() ?? '')
  if (!match) return undefined
  if (match[3] !== undefined) return { suffix: Number(match[3]) }
  const start = Number(match[1])
  if (match[2] === undefined) return { start }
  const end = Number(match[2]) + 1
  return end > start ? { start, end } : undefined
}

/** The `Range` header of a range. */
export const formatRange = (range: ByteRange): string =>
  'suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`

/** The bytes that a range means in an object of `size` bytes, or undefined when there are none (416). */
export const resolveRange = (range: ByteRange | undefined, size: number): ByteSpan | undefined => {
  if (range === undefined) return { start: 0, end: size }
  if ('suffix' in range) {
    return range.suffix === 0 || size === 0 ? undefined : { start: Math.max(0, size - range.suffix), end: size }
  }
  const end = Math.min(range.end ?? size, size)
  return range.start < end ? { start: range.start, end } : undefined
}

/** The `Content-Range` header of an answer. */
export const formatContentRange = (span: ByteSpan, size: number): string =>
  `bytes ${span.start}-${span.end - 1}/${size}`

/** The span of a `Content-Range` header, and the bytes of the whole object. Undefined when it has another form or no size. */
export const parseContentRange = (
  header: string | null | undefined,
): (ByteSpan & { readonly size: number }) | undefined => {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(header?.trim() ?? '')
  if (!match) return undefined
  const [start, last, size] = match.slice(1).map(Number) as [number, number, number]
  return start <= last && last < size ? { start, end: last + 1, size } : undefined
}
