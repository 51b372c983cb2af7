/** Headers that make a file safe to serve from the app's own origin. */
import { type ContentAddress, essence, isPassiveType, safeType } from '@rockpool/protocol'
import { isDocument } from './destinations.ts'

export interface ServedContent {
  readonly address: ContentAddress
  /** as declared; anything that is not passive becomes octet-stream */
  readonly type: string | undefined
  readonly name: string
  /** the URL names the content itself, so that it never changes */
  readonly immutable: boolean
}

export const contentHeaders = (content: ServedContent, destination: string): Record<string, string> => {
  const type = safeType(content.type ?? '')
  return {
    'accept-ranges': 'bytes',
    'cache-control': content.immutable ? 'private, max-age=31536000, immutable' : 'private, no-cache',
    'content-disposition': disposition(content, destination),
    // PDF viewers refuse to work in a sandbox
    'content-security-policy':
      essence(type) === 'application/pdf' ? "frame-ancestors 'self'" : "sandbox; default-src 'none'",
    'content-type': type,
    'cross-origin-resource-policy': 'same-origin',
    etag: etagOf(content.address),
    'x-content-type-options': 'nosniff',
  }
}

export const etagOf = (address: ContentAddress): string => `"${address}"`

/** Whether an `If-None-Match` names this content: weak comparison of a list (RFC 9110, section 13.1.2). */
export const isNotModified = (ifNoneMatch: string | null, address: ContentAddress): boolean =>
  ifNoneMatch !== null &&
  ifNoneMatch.split(',').some((tag) => ['*', etagOf(address)].includes(tag.trim().replace(/^W\//, '')))

/** Whether a `Range` holds for this content: strong comparison; a date is never sure enough (section 13.1.5). */
export const rangeHolds = (ifRange: string | null, address: ContentAddress): boolean =>
  ifRange === null || ifRange.trim() === etagOf(address)

/** Active types (HTML, SVG, …) are saved when they are opened, never shown. */
const disposition = ({ type, name }: ServedContent, destination: string): string => {
  const kind = isDocument(destination) && !isPassiveType(type ?? '') ? 'attachment' : 'inline'
  return `${kind}; filename*=UTF-8''${extValue(name)}`
}

/** RFC 8187, section 3.2.1. */
const extValue = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
