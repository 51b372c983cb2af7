/** Headers of a file over HTTP: the same from the service worker, the object stores and the signer. */
import { essence, isPassiveType } from './media-type.ts'

/** Characters of the name in a header. */
const MAX_NAME = 255

/** A Content-Disposition header (RFC 6266): the name in ASCII for old clients, and in full (RFC 8187, section 3.2.1). */
export const contentDisposition = (how: 'inline' | 'attachment', name: string | undefined): string => {
  const clean = name
    ?.toWellFormed()
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
  essence(type) === 'text/plain' && !/;\s*charset\s*=/i.test(type) ? 'text/plain;charset=utf-8' : type

/** Whether an `If-None-Match` names this ETag: weak comparison of a list (RFC 9110, section 13.1.2). */
export const matchesEtag = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
