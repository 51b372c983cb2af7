/** Which bytes a request means: RFC 9110, section 14, single ranges. */

/** Offsets in bytes, `end` exclusive. */
export interface ByteSpan {
  readonly start: number
  readonly end: number
}

/** As asked for: from `start` on, through `end` (exclusive) if given, or the last `suffix` bytes. */
type ByteRange = { readonly start: number; readonly end: number | undefined } | { readonly suffix: number }

const RANGE = /^bytes=(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/i

/**
 * The bytes that a `Range` header means in a content of `size` bytes.
 *
 * @returns `whole` when the header is to be ignored (section 14.2): none, other units, several ranges, nonsense;
 *   `unsatisfiable` when the content has no such bytes (416)
 */
export const spanOf = (header: string | null, size: number): ByteSpan | 'whole' | 'unsatisfiable' => {
  const range = parseRange(header)
  if (!range) return 'whole'
  if ('suffix' in range) {
    if (range.suffix === 0 || size === 0) return 'unsatisfiable'
    return { start: Math.max(0, size - range.suffix), end: size }
  }
  const end = Math.min(range.end ?? size, size)
  return range.start < end ? { start: range.start, end } : 'unsatisfiable'
}

const parseRange = (header: string | null): ByteRange | undefined => {
  const match = RANGE.exec(header?.trim() ?? '')
  if (!match) return undefined
  const [, first, last, suffix] = match
  if (suffix !== undefined) return { suffix: Number(suffix) }
  const start = Number(first)
  if (last === undefined) return { start, end: undefined }
  const end = Number(last) + 1
  return end > start ? { start, end } : undefined
}

/** The `Content-Range` of an answer. */
export const contentRange = (span: ByteSpan | 'unsatisfiable', size: number): string =>
  span === 'unsatisfiable' ? `bytes */${size}` : `bytes ${span.start}-${span.end - 1}/${size}`
