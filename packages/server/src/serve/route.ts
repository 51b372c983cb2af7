/** Which part of the server a request is for. Pure. */
import { isStoreId } from '@rockpool/protocol'

export type Route =
  | { readonly part: 'health' | 'ready' | 'metrics' | 'sync' | 'rest' }
  /** `url`: path and query as the signer knows them */
  | { readonly part: 'signer'; readonly url: string }
  /** `path`: decoded, begins with a slash */
  | { readonly part: 'static'; readonly path: string }
  | { readonly part: 'bad_path' }

/** docs/contracts/rest-http.md */
export const REST_PATH = '/storage/v1'
export const SIGNER_PATH = '/signer'
export const SYNC_PATH = '/sync'

/** @param url of the request line */
export const routeOf = (url: string): Route => {
  const path = url.split(/[?#]/, 1)[0]!
  if (path === '/health') return { part: 'health' }
  if (path === '/ready') return { part: 'ready' }
  if (path === '/metrics') return { part: 'metrics' }
  if (isBelow(path, SIGNER_PATH)) {
    const rest = url.slice(SIGNER_PATH.length)
    return { part: 'signer', url: rest.startsWith('/') ? rest : `/${rest}` }
  }
  if (isBelow(path, SYNC_PATH)) return { part: 'sync' }
  if (isBelow(path, REST_PATH)) return { part: 'rest' }
  try {
    return path.startsWith('/') ? { part: 'static', path: decodeURIComponent(path) } : { part: 'bad_path' }
  } catch {
    return { part: 'bad_path' }
  }
}

const LIVE = /^\/(?:sync\/[^/?#]+\/live|storage\/v1\/events)(?:[?#]|$)/

/** A live stream has no end: a server that drains does not wait for it. */
export const isLive = (url: string): boolean => LIVE.test(url)

const isBelow = (path: string, base: string): boolean => path === base || path.startsWith(`${base}/`)

/** Calls of `/storage/v1`, the longer ones first; what stands behind names a bucket and a file. */
const REST_CALLS = ['object/sign', 'object/release', 'object', 'objects', 'bucket', 'usage', 'events']

/**
 * What the log may know of a path: a pattern without names of files and signatures. The signer knows its own better.
 *
 * @param url of the request line
 */
export const patternOf = (part: Route['part'], url: string): { readonly route: string; readonly storeId?: string } => {
  const path = url.split(/[?#]/, 1)[0]!
  if (part === 'signer') return { route: `${SIGNER_PATH}/*` }
  if (part === 'sync') {
    const [storeId = '', call = ''] = path.slice(SYNC_PATH.length + 1).split('/')
    const isCall = call === 'head' || call === 'events' || call === 'live'
    return isCall && isStoreId(storeId)
      ? { route: `${SYNC_PATH}/:storeId/${call}`, storeId }
      : { route: `${SYNC_PATH}/*` }
  }
  if (part === 'rest') {
    const rest = path.slice(REST_PATH.length + 1)
    const call = REST_CALLS.find((each) => isBelow(rest, each))
    if (call === undefined) return { route: `${REST_PATH}/*` }
    return { route: `${REST_PATH}/${call}${rest.length > call.length ? '/*' : ''}` }
  }
  return { route: part === 'static' || part === 'bad_path' ? '/*' : `/${part}` }
}
