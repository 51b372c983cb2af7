/** From a request to a caller, and from a caller and a key to a permission. Everything that is not surely allowed is refused. */
import { type Buckets, ownerOf, type RemoteKey, type Right } from '@rockpool/protocol'
import type { Authenticate, Claims } from '@rockpool/access'
import { refusal } from './errors.ts'
import type { RateLimit } from './rate-limit.ts'
import { type Caller, mayAct, type ResolvedKey, resolveKey } from './rights.ts'

/** What an `authorize` hook decides about. */
export interface AuthorizeRequest {
  readonly claims: Claims
  readonly action: Right
  readonly key: RemoteKey
  /** bytes, when something is to be written */
  readonly size?: number
  readonly type?: string
}

/** Replaces the rule of rights. Shapes of keys and the rules of buckets hold all the same. */
export type Authorize = (request: AuthorizeRequest) => boolean | Promise<boolean>

/** One decision, for the audit log and the `access.denied` hook. */
export interface Decision {
  readonly allowed: boolean
  readonly action: Right
  readonly key: RemoteKey
  readonly storeId: string
  /** undefined: without a token, in a public bucket */
  readonly sub: string | undefined
  /** by the service role */
  readonly service: boolean
}

export interface Access {
  /**
   * Who sent the request, by its bearer token.
   *
   * @throws RockpoolError `unauthenticated`, `rate_limited`, `storage_unavailable`
   */
  identify(request: Request): Promise<Caller>
  /**
   * Counts the items of a batch as requests; the batch itself was the first.
   *
   * @throws RockpoolError `rate_limited`
   */
  countItems(caller: Caller, items: number): void
  /**
   * Refuses a caller who can write nowhere, before the upload is read that says where.
   *
   * @throws RockpoolError `forbidden`
   */
  requireSomeWrite(caller: Caller): void
  /**
   * The key, if the caller may do this with it.
   *
   * @throws RockpoolError `bad_key`, `forbidden`
   */
  permit(
    caller: Caller,
    action: Right,
    key: string,
    content?: { size: number; type?: string },
    form?: 'legacy',
  ): Promise<ResolvedKey>
  /**
   * The key, if anybody may read it.
   *
   * @throws RockpoolError `bad_key`, `forbidden`, `rate_limited`
   */
  permitPublic(key: string, address: string): ResolvedKey
}

export interface AccessOptions {
  readonly authenticate: Authenticate
  readonly authorize?: Authorize | undefined
  readonly buckets: Buckets
  readonly serviceRole: boolean
  readonly rateLimit: RateLimit | undefined
  readonly decided: (decision: Decision) => void
}

/** Callers whose owner segment is kept, to hash each `sub` once. */
const OWNERS_KEPT = 10_000

export const createAccess = (options: AccessOptions): Access => {
  const { authenticate, authorize, buckets, serviceRole, rateLimit, decided } = options
  const owners = new Map<string, Caller['owner']>()

  const ownerSegment = async (sub: string) => {
    const known = owners.get(sub)
    if (known !== undefined) return known
    const owner = await ownerOf(sub)
    if (owners.size >= OWNERS_KEPT) owners.clear()
    owners.set(sub, owner)
    return owner
  }

  const take = (caller: string, cost = 1) => {
    const waitMs = rateLimit?.(caller, cost) ?? 0
    if (waitMs > 0) {
      throw refusal('rate_limited', 'Too many requests. Slow down, and wait for the time in Retry-After.', {
        retryAfterMs: waitMs,
      })
    }
  }

  return {
    async identify(request) {
      const claims = await authenticate(bearerToken(request))
      take(`sub ${claims.sub}`)
      return { claims, owner: await ownerSegment(claims.sub) }
    },

    countItems({ claims }, items) {
      if (items > 1) take(`sub ${claims.sub}`, items - 1)
    },

    requireSomeWrite({ claims }) {
      // What a hook will allow is known only of a key.
      if (authorize || (serviceRole && claims.role === 'service')) return
      if (Object.values(claims.stores).some((rights) => rights.includes('write'))) return
      throw refusal('forbidden', 'This token does not give the right to write anywhere. Ask for a token that does.')
    },

    async permit(caller, action, text, content, form) {
      const key = resolveKey(text, buckets, action, form)
      const { claims } = caller
      const allowed = authorize
        ? (await authorize({ claims, action, key: key.key, ...content })) === true
        : mayAct(caller, action, key, serviceRole)
      const service = allowed && !authorize && serviceRole && !mayAct(caller, action, key)
      decided({ allowed, action, key: key.key, storeId: key.storeId, sub: claims.sub, service })
      if (!allowed) {
        throw refusal('forbidden', `This token does not give the right to ${action} there. Ask for a token that does.`)
      }
      return key
    },

    permitPublic(text, address) {
      take(`address ${address}`)
      const key = resolveKey(text, buckets, 'read')
      const allowed = key.rules?.access === 'public'
      decided({ allowed, action: 'read', key: key.key, storeId: key.storeId, sub: undefined, service: false })
      if (!allowed) throw refusal('forbidden', 'Only files in public buckets can be read without a token.')
      return key
    },
  }
}

const bearerToken = ({ headers }: Request): string => {
  // The second one is livestore-filesync's.
  const value = headers.get('authorization') ?? `Bearer ${headers.get('x-worker-auth') ?? ''}`
  const token = /^Bearer +([^\s,]+)$/i.exec(value)?.[1]
  if (token === undefined) throw refusal('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
  return token
}
