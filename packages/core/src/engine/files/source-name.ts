/** Names that files bring along from other systems. */
import { checkName, MAX_NAME_BYTES } from '../../records/limits.ts'

/** Bytes of an extension that a shortened name keeps, the dot included. */
const MAX_EXTENSION_BYTES = 20

/**
 * The name as every device can keep it: Windows and macOS allow 255 characters of any script, macOS and Linux line breaks and
 * backslashes. Nothing is looked up by a name.
 *
 * @returns undefined when nothing of it is left
 */
export const cleanName = (name: string): string | undefined => {
  // oxlint-disable-next-line no-control-regex -- control characters are what this replaces
  const clean = name
    .toWellFormed()
    .normalize('NFC')
    .replace(/[/\\\u0000-\u001f\u007f]/g, '_')
  const short = shorten(clean)
  return checkName(short) ? undefined : short
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** Cuts the name before its extension, at a character. */
const shorten = (name: string): string => {
  const [, base, extension] = /^(.+?)(\.[^.]+)?$/s.exec(name) ?? [undefined, name, '']
  const kept = bytesOf(extension ?? '') <= MAX_EXTENSION_BYTES ? (extension ?? '') : ''
  let left = MAX_NAME_BYTES - bytesOf(kept)
  let end = 0
  for (const character of kept === '' ? name : base!) {
    left -= bytesOf(character)
    if (left < 0) break
    end += character.length
  }
  return name.slice(0, end) + kept
}
