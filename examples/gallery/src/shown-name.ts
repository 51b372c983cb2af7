/**
 * Names as the page shows them. Other people wrote them: a bidi control hides an extension, and a name of a megabyte stops the browser
 * for seconds.
 */
import { removeBidiControls } from 'rockpool'

/** Longer than any file system takes, so that no honest name is clipped. In UTF-16 code units. */
const MAX_LENGTH = 255
/** Kept of the end of a clipped name, for its extension. */
const END_LENGTH = 20

/** Control characters and line separators. */
const NOT_SHOWN = /[\p{Cc}\u2028\u2029]/gu

export const shownName = (name: string): string => {
  // Cut first: a regular expression over a megabyte takes long, too.
  const clipped = name.length > MAX_LENGTH ? clip(name) : name
  return removeBidiControls(clipped).toWellFormed().replace(NOT_SHOWN, '').trim() || 'Untitled'
}

const clip = (name: string): string => `${name.slice(0, MAX_LENGTH - END_LENGTH - 1)}…${name.slice(-END_LENGTH)}`
