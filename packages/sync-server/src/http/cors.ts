/** CORS for web apps on another origin. Tokens travel in a header, never in cookies. */

import type { Reply, SyncRequest } from './reply.ts'

/** Exact origins such as `https://app.example.com`. */
export type AllowedOrigins = readonly string[]

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '86400',
}

/** The reply to a preflight request, or undefined when `request` is none. */
export const preflightReply = (request: Pick<SyncRequest, 'method' | 'headers'>): Reply | undefined =>
  request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
    ? { status: 204, headers: PREFLIGHT, body: [] }
    : undefined

/** Adds the headers that let the app's origin read the response. */
export const allowOrigin = (request: Pick<SyncRequest, 'headers'>, reply: Reply, origins: AllowedOrigins): Reply => {
  if (origins.length === 0) return reply
  const origin = request.headers.get('origin')
  const isAllowed = origin !== null && origins.includes(origin)
  return {
    ...reply,
    headers: {
      ...reply.headers,
      vary: 'Origin',
      ...(isAllowed && {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'Retry-After, X-Request-Id',
      }),
    },
  }
}
