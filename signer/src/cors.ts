/** Which pages may call the signer, and what they may send and read. */
import { cors } from 'hono/cors'
import type { RequestContext } from './request-context.ts'

const ofOrigins = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'range',
      'if-none-match',
      'if-match',
      'x-worker-auth',
      'x-amz-content-sha256',
      'x-amz-checksum-sha256',
    ],
    exposeHeaders: [
      'ETag',
      'Content-Range',
      'Content-Length',
      'Accept-Ranges',
      'Retry-After',
      'X-Request-Id',
      'X-Rockpool-Address',
    ],
    maxAge: 86_400,
  })

/** The headers of CORS, for requests that name an origin. @param origins exact */
export const allowOrigins = (origins: readonly string[]) => {
  const withOrigin = ofOrigins(origins)
  return async (c: RequestContext, next: () => Promise<void>) => {
    if (c.req.header('origin') !== undefined) return withOrigin(c, next)
    await next()
    if (!c.var.headed) c.res.headers.append('vary', 'Origin')
  }
}
