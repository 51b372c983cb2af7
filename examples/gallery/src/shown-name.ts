/**
 * Names as the page shows them. Other people wrote them: a bidi control turns `invoice\u202Efdp.exe` into `invoiceexe.pdf`
 * (CWE-451), and a name of a megabyte stops the browser for seconds.
 */

/** Longer than any file system takes, so that no honest name is clipped. In UTF-16 code units. */
const MAX_LENGTH = 255
/** Kept of the end of a clipped name, for its extension. */
const END_LENGTH = 20

/** Control characters, line separators, and what changes the direction of the text around it (Unicode UAX 9, 2.1 to 2.6). */
const NOT_SHOWN = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu

export const shownName = (name: string): string => {
  // Cut first: a regular expression over a megabyte takes long, too.
  const clipped = name.length > MAX_LENGTH ? clip(name) : name
  return clipped.toWellFormed().replace(NOT_SHOWN, '').trim() || 'Untitled'
}

const clip = (name: string): string => `${name.slice(0, MAX_LENGTH - END_LENGTH - 1)}…${name.slice(-END_LENGTH)}`
