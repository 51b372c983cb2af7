/** Headers that make a file safe to serve from the app's own origin. */
import {
  type ContentAddress,
  contentDisposition,
  contentSecurityPolicy,
  essence,
  isPassiveType,
  safeType,
  servedType,
  type Validators,
  validatorHeaders,
} from '@rockpool/protocol'
import { isDocument } from './destinations.ts'

export interface ServedContent {
  readonly address: ContentAddress
  /** as declared; anything that is not passive becomes octet-stream */
  readonly type: string | undefined
  readonly name: string
  /** of the file's record, unix ms; undefined when the URL names the content itself, which never changes */
  readonly modifiedAt: number | undefined
  /** the URL names the content itself, so that it never changes */
  readonly immutable: boolean
  /** the URL asks for the file to be saved, not shown */
  readonly isDownload: boolean
}

/** @param now unix ms */
export const contentHeaders = (content: ServedContent, destination: string, now: number): Record<string, string> => {
  const disposition = contentDisposition(isSaved(content, destination) ? 'attachment' : 'inline', content.name)
  return {
    'accept-ranges': 'bytes',
    'cache-control': content.immutable ? 'private, max-age=31536000, immutable' : 'private, no-cache',
    'content-disposition': disposition,
    ...typeHeaders(content.type ?? '', destination),
    'cross-origin-resource-policy': 'same-origin',
    ...validatorHeaders(validatorsOf(content), now),
    'x-content-type-options': 'nosniff',
  }
}

export const validatorsOf = ({ address, modifiedAt, immutable }: ServedContent): Validators => ({
  etag: `"${address}"`,
  modifiedAt,
  isImmutable: immutable,
})

/**
 * An SVG in an image runs no script and loads nothing (SVG Integration, "secure animated mode"). Firefox applies the policy of the
 * response to it, so the styles in it are allowed.
 */
const SVG_IMAGE = {
  'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
  'content-type': 'image/svg+xml',
}

const typeHeaders = (declared: string, destination: string): Record<string, string> => {
  if (destination === 'image' && essence(declared) === SVG_IMAGE['content-type']) return SVG_IMAGE
  const type = servedType(safeType(declared))
  return { 'content-security-policy': contentSecurityPolicy(type), 'content-type': type }
}

/** Active types (HTML, SVG, …) are saved when they are opened, never shown. */
const isSaved = ({ type, isDownload }: ServedContent, destination: string): boolean =>
  isDownload || (isDocument(destination) && !isPassiveType(type ?? ''))
