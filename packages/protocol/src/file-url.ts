/**
 * URLs that the service worker serves, on the page's own origin:
 *
 *     /rockpool/c/<remoteKey>/<name>?type=…     this content, immutable
 *     /rockpool/f/<storeId>/<fileId>/<name>     this file, whatever its content is now
 *
 * An app below a sub-path, its base, has them below that: `/app/rockpool/…`.
 *
 * With `?download` the file is saved, not shown.
 *
 * The name is for people ("save as"); nothing is looked up by it.
 */
import { parseRemoteKey, type RemoteKey, isStoreId, type StoreId } from './remote-key.ts'

/** Path that the service worker serves; everything else is the app's. */
export const FILE_URL_BASE = '/rockpool/'

/** Path of the file URLs of an app. @param base path of the app, with `/` at both ends */
export const fileUrlPath = (base = '/'): string => base.slice(0, -1) + FILE_URL_BASE

/** What a file URL names. */
export type FileUrl =
  | {
      readonly kind: 'content'
      readonly remoteKey: RemoteKey
      readonly name: string
      /** as the record says; undefined when the URL has none */
      readonly type: string | undefined
      readonly isDownload: boolean
    }
  | {
      readonly kind: 'file'
      readonly storeId: StoreId
      readonly fileId: string
      readonly name: string
      readonly isDownload: boolean
    }

/** Path and query of content. */
export const contentUrl = (content: {
  readonly remoteKey: RemoteKey
  readonly name: string
  readonly type?: string | undefined
  /** the file is saved, not shown */
  readonly download?: boolean
  /** of the app; `/` when not given */
  readonly base?: string
}): string => {
  const { remoteKey, name, type, download = false, base } = content
  const query = [...(type === undefined ? [] : [`type=${encode(type)}`]), ...(download ? ['download'] : [])]
  return `${fileUrlPath(base)}c/${remoteKey}/${segment(name)}${query.length > 0 ? '?' : ''}${query.join('&')}`
}

/** Path of a file's current content. */
export const fileUrl = (file: {
  readonly storeId: StoreId
  readonly fileId: string
  readonly name: string
  /** the file is saved, not shown */
  readonly download?: boolean
  /** of the app; `/` when not given */
  readonly base?: string
}): string =>
  `${fileUrlPath(file.base)}f/${file.storeId}/${segment(file.fileId)}/${segment(file.name)}${file.download ? '?download' : ''}`

/** What a well-formed file URL names, else undefined. The origin is not looked at. */
export const parseFileUrl = (url: URL, base?: string): FileUrl | undefined => {
  const prefix = fileUrlPath(base)
  if (!url.pathname.startsWith(prefix)) return undefined
  const [kind, ...path] = url.pathname.slice(prefix.length).split('/')
  const name = decode(path.pop() ?? '')
  if (!name) return undefined
  const isDownload = url.searchParams.has('download')
  if (kind === 'c') {
    const remoteKey = path.join('/')
    if (!parseRemoteKey(remoteKey)) return undefined
    const type = url.searchParams.get('type') ?? undefined
    return { kind: 'content', remoteKey: remoteKey as RemoteKey, name, type, isDownload }
  }
  if (kind === 'f' && path.length === 2) {
    const [storeId, id] = path as [string, string]
    const fileId = decode(id)
    return isStoreId(storeId) && fileId ? { kind: 'file', storeId, fileId, name, isDownload } : undefined
  }
  return undefined
}

/**
 * Lone surrogates, which no URL can carry, become U+FFFD: `encodeURIComponent` alone would throw. It leaves `!'()*`, which end or break an
 * unquoted or quoted `url()` in CSS.
 */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** One path segment. `.` and `..`, encoded or not, and nothing at all are no names in a URL (WHATWG URL, "double-dot"). */
const segment = (text: string): string => (/^\.{0,2}$/.test(text) ? '_' : encode(text))

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
