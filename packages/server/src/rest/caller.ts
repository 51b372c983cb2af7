/** Who calls, and in which store. */
import { type Authenticate, type Claims, hasRight, readBearer } from '@rockpool/access'
import {
  type BucketRules,
  type Buckets,
  isStoreId,
  type Owner,
  ownerOf,
  type Right,
  RockpoolError,
  type StoreId,
} from '@rockpool/protocol'

export const STORE_HEADER = 'rockpool-store'

/** Requests of one caller: takes one, and returns in how many ms it may pass (0: now). */
export type RateLimit = (caller: string) => number

export interface Caller {
  readonly storeId: StoreId
  /** undefined: someone without a token, who reads public buckets only */
  readonly user: User | undefined
}

export interface User {
  readonly claims: Claims
  /** the owner segment of `claims.sub` */
  readonly owner: Owner
  readonly token: string
  /** every right in every store, where a call needs no event in its log: those the sync server judges by the token's rights */
  readonly isService: boolean
}

export interface IdentifyOptions {
  /** honours the claim `role: "service"` */
  readonly serviceRole: boolean
  readonly authenticate: Authenticate
  readonly rateLimit: RateLimit | undefined
  /** where the request came from; undefined when unknown */
  readonly address: string | undefined
}

/** @throws RockpoolError `unauthenticated`, `bad_request`, `rate_limited` */
export const identify = async (request: Request, options: IdentifyOptions): Promise<Caller> => {
  const { authenticate, rateLimit, serviceRole, address = '' } = options
  const token = optionalToken(request)
  const named = request.headers.get(STORE_HEADER) ?? undefined
  if (token === undefined) {
    requireRate(rateLimit, `address ${address}`)
    if (named === undefined) throw new RockpoolError('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
    return { storeId: requireStoreId(named), user: undefined }
  }
  const claims = await authenticate(token)
  requireRate(rateLimit, claims.sub)
  const isService = serviceRole && claims.role === 'service'
  return { storeId: storeOf(claims, named), user: { claims, owner: await ownerOf(claims.sub), token, isService } }
}

/** @throws RockpoolError `rate_limited` */
export const requireRate = (rateLimit: RateLimit | undefined, caller: string): void => {
  const retryAfterMs = rateLimit?.(caller) ?? 0
  if (retryAfterMs === 0) return
  throw new RockpoolError('rate_limited', 'Too many requests. Wait for the time in Retry-After.', { retryAfterMs })
}

/** Undefined without the header: public buckets need no token. */
const optionalToken = ({ headers }: Request): string | undefined => {
  const header = headers.get('authorization')
  const token = readBearer(header)
  if (token !== undefined || header === null) return token
  throw new RockpoolError('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
}

/** The store of the header, else the only one of the token. @throws RockpoolError `bad_request` */
export const storeOf = ({ stores }: Pick<Claims, 'stores'>, named: string | undefined): StoreId => {
  if (named !== undefined) return requireStoreId(named)
  const [only, ...others] = Object.keys(stores)
  if (only !== undefined && others.length === 0) return only
  throw new RockpoolError('bad_request', 'This token is not for exactly one store. Send the header Rockpool-Store.')
}

const requireStoreId = (text: string): StoreId => {
  if (isStoreId(text)) return text
  throw new RockpoolError('bad_request', 'Rockpool-Store has to be the id of a store: letters, digits, "_" and "-".')
}

/** The user, if the token gives the right in the store. @throws RockpoolError `unauthenticated`, `forbidden` */
export const requireUser = ({ user, storeId }: Caller, right: Right): User => {
  if (!user) throw new RockpoolError('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
  if (user.isService || hasRight(user.claims, storeId, right)) return user
  throw new RockpoolError('forbidden', `This token does not give the right to ${right} in the store "${storeId}".`)
}

/** Lets everybody read a public bucket, and readers of the store any other one. @throws RockpoolError as `requireUser` */
export const requireReader = (caller: Caller, { access }: BucketRules): void => {
  if (access !== 'public') requireUser(caller, 'read')
}

/** @throws RockpoolError `not_found` */
export const requireBucket = (buckets: Buckets, name: string): BucketRules => {
  if (Object.hasOwn(buckets, name)) return buckets[name]!
  throw new RockpoolError('not_found', `There is no bucket "${name}". GET /storage/v1/bucket lists those there are.`)
}
