/** The charset of text, by its first bytes. */
import { essence, isMediaType } from './media-type.ts'

/** Bytes that are looked at: nearly all text files are shorter. */
export const CHARSET_BYTES = 1024 * 1024

/**
 * The type with the charset of the text, so that it is shown right wherever it is opened. UTF-16 needs its byte order mark. `text/plain`
 * that is no UTF-8 is Windows-1252, as browsers take it; other text may say in itself what it is. A type that has a charset stays.
 *
 * @param start of the content, {@link CHARSET_BYTES} at most
 * @param size bytes of the whole content
 */
export const withCharset = (type: string, start: Uint8Array, size: number): string => {
  if (!needsCharset(type) || size === 0) return type
  const charset = charsetOf(start, start.length < size) ?? (essence(type) === 'text/plain' ? 'windows-1252' : undefined)
  const labelled = `${type};charset=${charset}`
  return charset !== undefined && isMediaType(labelled) ? labelled : type
}

/** Whether the type is text without a charset. */
export const needsCharset = (type: string): boolean => essence(type).startsWith('text/') && !hasCharset(type)

export const hasCharset = (type: string): boolean => /;\s*charset\s*=/i.test(type)

/** The type without a charset that {@link withCharset} can have added, for other bytes. */
export const withoutCharset = (type: string): string =>
  essence(type).startsWith('text/') ? type.replace(/;charset=(?:utf-8|utf-16[lb]e|windows-1252)$/, '') : type

const charsetOf = (bytes: Uint8Array, isCut: boolean): string | undefined => {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  try {
    // A sequence that is cut at the end waits for its other bytes: no error.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
    return 'utf-8'
  } catch {
    return undefined
  }
}
