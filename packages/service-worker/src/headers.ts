/** Headers that make a file safe to serve from the app's own origin. */
import {
  type ContentAddress,
  contentDisposition,
  contentSecurityPolicy,
  isPassiveType,
  matchesEtag,
  safeType,
  servedType,
} from '@rockpool/protocol'
import { isDocument } from './destinations.ts'

export interface ServedContent {
  readonly address: ContentAddress
  /** as declared; anything that is not passive becomes octet-stream */
  readonly type: string | undefined
  readonly name: string
  /** the URL names the content itself, so that it never changes */
  readonly immutable: boolean
  /** the URL asks for the file to be saved, not shown */
  readonly isDownload: boolean
}

export const contentHeaders = (content: ServedContent, destination: string): Record<string, string> => {
  const type = servedType(safeType(content.type ?? ''))
  return {
    'accept-ranges': 'bytes',
    'cache-control': content.immutable ? 'private, max-age=31536000, immutable' : 'private, no-cache',
    'content-disposition': contentDisposition(isSaved(content, destination) ? 'attachment' : 'inline', content.name),
    'content-security-policy': contentSecurityPolicy(type),
    'content-type': type,
    'cross-origin-resource-policy': 'same-origin',
    etag: etagOf(content.address),
    'x-content-type-options': 'nosniff',
  }
}

export const etagOf = (address: ContentAddress): string => `"${address}"`

/** Whether an `If-None-Match` names this content. */
export const isNotModified = (ifNoneMatch: string | null, address: ContentAddress): boolean =>
  ifNoneMatch !== null && matchesEtag(ifNoneMatch, etagOf(address))

/** Whether a `Range` holds for this content: strong comparison; a date is never sure enough (section 13.1.5). */
export const rangeHolds = (ifRange: string | null, address: ContentAddress): boolean =>
  ifRange === null || ifRange.trim() === etagOf(address)

/** Active types (HTML, SVG, …) are saved when they are opened, never shown. */
const isSaved = ({ type, isDownload }: ServedContent, destination: string): boolean =>
  isDownload || (isDocument(destination) && !isPassiveType(type ?? ''))
