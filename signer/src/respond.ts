/** JSON responses, and the signed URLs in them. */
import type { SignerOptions } from './options.ts'
import type { RequestContext } from './request-context.ts'

/** A JSON response. All headers at once: adding one to a finished Response costs a third of a whole request. */
export const respond = (c: RequestContext, body: unknown): Response => {
  c.set('headed', true)
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    vary: 'Origin',
    'x-request-id': c.var.requestId,
  }
  const text = JSON.stringify(body)
  // The headers of CORS are added to the Response.
  const send = c.req.header('origin') === undefined ? c.env?.sendJson : undefined
  return send ? send(text, headers) : new Response(text, { headers })
}

export interface Origins {
  /** where a request reached this signer from outside */
  of(c: RequestContext): string
  /** Adds the origin to signed URLs of a store whose base URL is a path. */
  complete(c: RequestContext): <A extends object>(signed: A) => A
}

export const originsOf = ({
  publicBaseUrl,
  trustHost,
}: Pick<SignerOptions, 'publicBaseUrl' | 'trustHost'>): Origins => {
  const ownOrigin = publicBaseUrl && URL.canParse(publicBaseUrl) ? new URL(publicBaseUrl).origin : undefined
  const of = (c: RequestContext): string => ownOrigin ?? (trustHost ? new URL(c.req.url).origin : (c.env?.origin ?? ''))
  return { of, complete: (c) => (signed) => absoluteUrls(signed, of(c)) }
}

const absoluteUrls = <A extends object>(signed: A, origin: string): A => {
  const result: { url?: unknown; partsUrl?: unknown } = { ...signed }
  for (const field of ['url', 'partsUrl'] as const) {
    const url = result[field]
    if (typeof url === 'string' && url.startsWith('/')) result[field] = origin + url
  }
  return result as A
}
