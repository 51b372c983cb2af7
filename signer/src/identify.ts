/** Who calls, and the decoded request. */
import { decode, readJson } from './body.ts'
import type { Caller } from './rights.ts'
import { type RequestContext, setStoreId } from './request-context.ts'
import type { SignerServices } from './services.ts'

/** Authenticates the caller. @throws RockpoolError `unauthenticated`, `rate_limited` */
export const identify = async ({ access }: Pick<SignerServices, 'access'>, c: RequestContext): Promise<Caller> => {
  const caller = await access.identify(c.req.raw)
  c.set('caller', caller)
  return caller
}

/** Authenticates the caller, and decodes the body or query by `shape`. */
export const parseRequest = async <A extends object, I>(
  services: Pick<SignerServices, 'access'>,
  c: RequestContext,
  shape: Parameters<typeof readJson<A, I>>[1],
  query = false,
) => {
  const caller = await identify(services, c)
  const request = query ? decode(shape, c.req.query()) : await readJson(c.req.raw, shape)
  if ('key' in request) setStoreId(c, request.key as string)
  return { caller, request, from: c.req.raw }
}
