/** Media types: which are well-formed, and which a browser may show without running anything. */

/** The type of bytes of which nothing is known. */
export const OCTET_STREAM = 'application/octet-stream'

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,127}"
// Blanks are space and tab only: a line break would start another header.
const QUOTED = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*"`
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`)

/** Whether `text` is a media type by RFC 9110, section 8.3.1, of at most 255 characters. */
export const isMediaType = (text: string): boolean => text.length <= 255 && MEDIA_TYPE.test(text)

/**
 * The media type that a browser, a file or a server means. `MediaRecorder` leaves commas unquoted (`video/webm;codecs=vp8,opus`), and servers
 * end with `;` (RFC 9110, section 5.6.6). Parameters that cannot be read are left out.
 *
 * @returns undefined when nothing can be read
 */
export const readMediaType = (text: string): string | undefined => {
  const [bare] = text.split(';', 1)
  if (!isMediaType(bare!.trim())) return undefined
  return text
    .slice(bare!.length, bare!.length + MAX_READ)
    .split(BETWEEN_PARAMETERS)
    .reduce((type, parameter) => {
      const [name, value] = parameter.trim().split(/=(.*)/s)
      if (value === undefined) return type
      const readable = [`${name}=${value}`, `${name}="${value}"`].map((text) => `${type};${text}`)
      return readable.find(isMediaType) ?? type
    }, bare!.trim())
}

/** Characters of parameters that are read: splitting takes the square of their number, and a server sends as many as it likes. */
const MAX_READ = 1_000

/** A semicolon outside of quotes. */
const BETWEEN_PARAMETERS = /;(?=(?:[^"]*"[^"]*")*[^"]*$)/

/** The type without parameters, in lower case. */
export const essence = (type: string): string => type.split(';', 1)[0]!.trim().toLowerCase()

/**
 * Kinds of passive types. SVG is an image that can run script, so it is not one; nor is any other `+xml`: that is XML
 * (WHATWG MIME Sniffing, section 4.6), in which a script element of XHTML or SVG runs.
 */
const PASSIVE = /^(?:image|audio|video|font)\/(?!svg)(?!.*\+xml$)/

/** Whether a browser shows this type without running anything: image (not SVG), audio, video, font, PDF, plain text. */
export const isPassiveType = (type: string): boolean => {
  const bare = essence(type)
  return isMediaType(type) && (PASSIVE.test(bare) || bare === 'application/pdf' || bare === 'text/plain')
}

/** The type to store or serve: `type` if passive, else octet-stream. */
export const safeType = (type: string): string => (isPassiveType(type) ? type : OCTET_STREAM)

/** Whether `type` is allowed by a bucket's `types`, such as `["image/*", "application/pdf"]`. None given: all are. */
export const typeAllowed = (type: string, allowed: readonly string[] | undefined): boolean => {
  if (allowed === undefined) return true
  const bare = essence(type)
  return allowed.some((pattern) =>
    pattern.endsWith('/*') ? bare.startsWith(pattern.slice(0, -1).toLowerCase()) : bare === pattern.toLowerCase(),
  )
}
