/** Range requests. */
import { type ByteRange, type ByteSpan, formatContentRange, parseRange, resolveRange } from '@rockpool/protocol'

/**
 * Resolves a `Range` header for content of `size` bytes.
 *
 * @returns `whole` when the header is to be ignored (RFC 9110, section 14.2): none, other units, several ranges, nonsense;
 *   `unsatisfiable` when the content has no such bytes (416)
 */
export const spanOf = (header: string | null, size: number): ByteSpan | 'whole' | 'unsatisfiable' => {
  const range = parseRange(header)
  return range ? (resolveRange(range, size) ?? 'unsatisfiable') : 'whole'
}

/** The `Content-Range` of a response. */
export const contentRange = (span: ByteSpan | 'unsatisfiable', size: number): string =>
  span === 'unsatisfiable' ? `bytes */${size}` : formatContentRange(span, size)

/** The range of a header that means less than the whole, whatever the size of the content is. */
export const partialRange = (header: string | null): ByteRange | undefined => {
  const range = parseRange(header)
  return range && 'start' in range && range.start === 0 && range.end === undefined ? undefined : range
}
