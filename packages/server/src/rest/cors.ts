/** CORS for web apps on another origin. Tokens travel in a header, never in cookies. */
import { STORE_HEADER } from './caller.ts'

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
  'access-control-allow-headers': `authorization, content-type, range, if-none-match, last-event-id, ${STORE_HEADER}`,
  'access-control-max-age': '86400',
}
const EXPOSED = 'ETag, Content-Range, Content-Length, Accept-Ranges, Retry-After, X-Request-Id'

/** The response to a preflight request, or undefined when `request` is none. */
export const preflightResponse = (request: Request): Response | undefined =>
  request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
    ? new Response(null, { status: 204, headers: PREFLIGHT })
    : undefined

/** Adds the headers that let the app's origin read the response. */
export const allowOrigin = (request: Request, response: Response, origins: readonly string[]): Response => {
  response.headers.append('vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin !== null && origins.includes(origin)) {
    response.headers.set('access-control-allow-origin', origin)
    response.headers.set('access-control-expose-headers', EXPOSED)
  }
  return response
}
