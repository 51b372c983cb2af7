/** Texts of events, as far as every database keeps them. */

/**
 * UTF-16 code units of a text. Far above what a writer may send (limits.ts) and small enough for any list: a name of 10 MB
 * would be read with each query.
 */
const MAX_TEXT_LENGTH = 1_024

const isIntact = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/**
 * An id of a file or an operation. A lone surrogate or NUL makes it invalid: SQLite finds no row by such a text, and
 * stores another one, so that an event about `x\0` would overwrite the file `x`.
 */
export const idText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH && isIntact(value) ? value : undefined

/** A text for display: clipped, with U+FFFD in place of characters that SQLite would change. */
export const shownText = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return undefined
  const clipped = value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH - 1)}…` : value
  return isIntact(clipped) ? clipped : clipped.toWellFormed().replaceAll('\0', '\uFFFD')
}
