/** Who sent a request, and whether the user may read the store. */
import { type Authenticate, type Claims, hasRight, readBearer } from '@rockpool/access'
import type { StoreId } from '@rockpool/protocol'
import { SyncError } from './errors.ts'
import type { SyncRequest } from './reply.ts'

/** Requests of one user: takes one, and returns in how many ms it may pass (0: now). */
export type RateLimit = (sub: string) => number

/** @throws SyncError `unauthenticated` */
export const requireToken = ({ headers }: Pick<SyncRequest, 'headers'>): string => {
  const token = readBearer(headers.get('authorization'))
  if (token === undefined) throw new SyncError('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
  return token
}

/** @throws SyncError `unauthenticated`, `forbidden`; RockpoolError of `authenticate` */
export const requireReader = async (authenticate: Authenticate, token: string, storeId: StoreId): Promise<Claims> => {
  const claims = await authenticate(token)
  if (!hasRight(claims, storeId, 'read')) {
    throw new SyncError('forbidden', `This token does not give the right to read the store "${storeId}".`)
  }
  return claims
}

/** @throws SyncError `rate_limited` */
export const requireRate = (rateLimit: RateLimit | undefined, { sub }: Claims): void => {
  const retryAfterMs = rateLimit?.(sub) ?? 0
  if (retryAfterMs > 0) {
    const seconds = Math.ceil(retryAfterMs / 1_000)
    throw new SyncError('rate_limited', `Too many requests of this user. Send the next one in ${seconds} s.`, {
      retryAfterMs,
    })
  }
}
