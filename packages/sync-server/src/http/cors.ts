/** CORS for web apps on another origin. Tokens travel in a header, never in cookies. */

/** Exact origins such as `https://app.example.com`. */
export type AllowedOrigins = readonly string[]

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '86400',
}

/** The response to a preflight request, or undefined when `request` is none. */
export const preflightResponse = (request: Request): Response | undefined =>
  request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
    ? new Response(null, { status: 204, headers: PREFLIGHT })
    : undefined

/** Adds the headers that let the app's origin read the response. */
export const allowOrigin = (request: Request, response: Response, origins: AllowedOrigins): Response => {
  if (origins.length === 0) return response
  response.headers.append('vary', 'Origin')
  const origin = request.headers.get('origin')
  if (origin !== null && origins.includes(origin)) {
    response.headers.set('access-control-allow-origin', origin)
    response.headers.set('access-control-expose-headers', 'Retry-After')
  }
  return response
}
