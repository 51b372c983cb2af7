/** Which part of the server a request is for. Pure. */

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

/** A live stream has no end: a server that drains does not wait for it. */
export const isLive = (url: string): boolean => /^\/sync\/[^/?#]+\/live(?:[?#]|$)/.test(url)

const isBelow = (path: string, base: string): boolean => path === base || path.startsWith(`${base}/`)
