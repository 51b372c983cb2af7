/** Headers of a file over HTTP: the same from the service worker, the object stores and the signer. */
import { removeBidiControls } from './bidi.ts'
import { hasCharset } from './charset.ts'
import { essence, isPassiveType } from './media-type.ts'

/** Characters of the name in a header. */
const MAX_NAME = 255

/** A Content-Disposition header (RFC 6266): the name in ASCII for old clients, and in full (RFC 8187, section 3.2.1). */
export const contentDisposition = (how: 'inline' | 'attachment', name: string | undefined): string => {
  const clean = removeBidiControls(name ?? '')
    .toWellFormed()
    .replace(/[\p{Cc}/\\]/gu, '_')
    .slice(0, MAX_NAME)
  if (!clean) return how
  const ascii = clean.replace(/[^\x20-\x7e]|[%"]/g, '_')
  const full = encodeURIComponent(clean.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${how}; filename="${ascii}"; filename*=UTF-8''${full}`
}

/**
 * What a document of this type may do: nothing. A browser shows audio, video and images in a document of its own, which loads the
 * file a second time; in a sandbox that request would pass by the service worker. PDF viewers refuse a sandbox.
 */
export const contentSecurityPolicy = (type: string): string => {
  const bare = essence(type)
  if (bare === 'application/pdf') return "frame-ancestors 'self'"
  return isPassiveType(type) && /^(?:audio|image|video)\//.test(bare)
    ? "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
    : "sandbox; default-src 'none'"
}

/** The type with which a passive file is served. Text without a charset is UTF-8; browsers would take it for Windows-1252. */
export const servedType = (type: string): string =>
  essence(type) === 'text/plain' && !hasCharset(type) ? 'text/plain;charset=utf-8' : type

/** What conditional requests compare. */
export interface Validators {
  /** with its quotes */
  readonly etag: string
  /** unix ms; undefined when unknown */
  readonly modifiedAt?: number | undefined
  /** whether this URL never has other bytes: only then a date, which has no more than seconds, can prove that bytes are the same */
  readonly isImmutable: boolean
}

/**
 * The ETag and Last-Modified headers. A device's clock may be ahead: no date is later than the response (RFC 9110, section 8.8.2.1).
 *
 * @param now unix ms
 */
export const validatorHeaders = ({ etag, modifiedAt }: Validators, now: number): Record<string, string> => ({
  etag,
  ...(modifiedAt === undefined ? {} : { 'last-modified': new Date(Math.min(modifiedAt, now)).toUTCString() }),
})

/** Whether a GET or HEAD is to be answered by 304. `If-None-Match` outweighs the date (RFC 9110, section 13.2.2). */
export const isNotModified = (request: Headers, { etag, modifiedAt }: Validators): boolean => {
  const tags = request.get('if-none-match')
  if (tags !== null) return matchesEtag(tags, etag)
  const since = parseHttpDate(request.get('if-modified-since'))
  return since !== undefined && modifiedAt !== undefined && wholeSeconds(modifiedAt) <= since
}

/** The Range header that counts: none when `If-Range` names other bytes than these (RFC 9110, section 13.1.5). */
export const effectiveRange = (request: Headers, { etag, modifiedAt, isImmutable }: Validators): string | null => {
  const condition = request.get('if-range')?.trim()
  const isSame =
    condition === undefined ||
    condition === etag ||
    (isImmutable && modifiedAt !== undefined && parseHttpDate(condition) === wholeSeconds(modifiedAt))
  return isSame ? request.get('range') : null
}

/** Weak comparison of a list (RFC 9110, section 13.1.2). */
const matchesEtag = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))

/** Of a date as all senders of today write it (RFC 9110, section 5.6.7), in unix ms. `Date.parse` alone takes much that is none. */
const parseHttpDate = (text: string | null): number | undefined => {
  const date = new Date(text ?? '')
  return !Number.isNaN(date.getTime()) && date.toUTCString() === text ? date.getTime() : undefined
}

const wholeSeconds = (ms: number): number => ms - (ms % 1_000)
