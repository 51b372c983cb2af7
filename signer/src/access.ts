/** Authentication of requests and authorization of keys. Denies by default. */
import {
  type ArtifactKey,
  type Buckets,
  type BucketsOf,
  ownerOf,
  parseArtifactKey,
  parseRemoteKey,
  type RemoteKey,
  type Right,
} from '@rockpool/protocol'
import {
  type Authenticate,
  type Claims,
  hasRequestRight,
  type HoldState,
  readBearer,
  requireReleased,
} from '@rockpool/access'
import { httpError } from './errors.ts'
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

/** Replaces the rule of rights. The rules of keys and buckets still apply. */
export type Authorize = (request: AuthorizeRequest) => boolean | Promise<boolean>

/** One decision, for the audit log and the `access.denied` hook. */
export interface Decision {
  readonly allowed: boolean
  readonly action: Right
  readonly key: RemoteKey | ArtifactKey
  /** `requests` for artifacts */
  readonly storeId: string
  /** undefined: without a token, in a public bucket */
  readonly sub: string | undefined
  /** by the service role */
  readonly service: boolean
}

/** Whether a content that was held may be read. */
export type HoldOf = (key: RemoteKey) => HoldState | Promise<HoldState>

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
   * Refuses a caller without any write right, before the upload with its key is read.
   *
   * @throws RockpoolError `forbidden`
   */
  requireSomeWrite(caller: Caller): void
  /**
   * The key, if the caller may do this with it.
   *
   * @throws RockpoolError `bad_key`, `forbidden`; `held` for a content that waits for its release
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
   * @throws RockpoolError `bad_key`, `forbidden`, `held`, `rate_limited`
   */
  permitPublic(key: string, address: string): Promise<ResolvedKey>
  /**
   * The key of an artifact, if the caller's claim `requests` allows this in its request. `authorize` and the service role
   * do not apply; `tmp/` belongs to those with credentials of the object store.
   *
   * @throws RockpoolError `bad_key`, `forbidden`
   */
  permitArtifact(caller: Caller, action: Right, key: string): ArtifactKey
}

export interface AccessOptions {
  readonly authenticate: Authenticate
  readonly authorize?: Authorize | undefined
  readonly buckets: Buckets | BucketsOf
  /** of contents in buckets that hold */
  readonly holdOf: HoldOf | undefined
  readonly serviceRole: boolean
  readonly rateLimit: RateLimit | undefined
  readonly decided: (decision: Decision) => void
}

/** Owner segments that are cached, to hash each `sub` once. */
const OWNERS_KEPT = 10_000

export const createAccess = (options: AccessOptions): Access => {
  const { authenticate, authorize, buckets, holdOf, serviceRole, rateLimit, decided } = options
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
      throw httpError('rate_limited', 'Too many requests. Slow down, and wait for the time in Retry-After.', {
        retryAfterMs: waitMs,
      })
    }
  }

  const bucketsOf = (text: string): Buckets | Promise<Buckets> => {
    if (typeof buckets !== 'function') return buckets
    const parts = parseRemoteKey(text)
    return parts?.bucket === undefined ? {} : buckets(parts.storeId, parts.bucket)
  }

  const requireReadable = async ({ key, rules }: ResolvedKey): Promise<void> => {
    if (rules?.hold) requireReleased((await holdOf?.(key)) ?? 'held')
  }

  return {
    async identify(request) {
      const claims = await authenticate(requireToken(request))
      take(`sub ${claims.sub}`)
      return { claims, owner: await ownerSegment(claims.sub) }
    },

    countItems({ claims }, items) {
      if (items > 1) take(`sub ${claims.sub}`, items - 1)
    },

    requireSomeWrite({ claims }) {
      // The hook can only decide about a key.
      if (authorize || (serviceRole && claims.role === 'service')) return
      if (Object.values(claims.stores).some((rights) => rights.includes('write'))) return
      throw httpError('forbidden', 'This token does not give the right to write anywhere. Ask for a token that does.')
    },

    async permit(caller, action, text, content, form) {
      const key = resolveKey(text, await bucketsOf(text), action, form)
      const { claims } = caller
      const allowed = authorize
        ? (await authorize({ claims, action, key: key.key, ...content })) === true
        : mayAct(caller, action, key, serviceRole)
      const service = allowed && !authorize && serviceRole && !mayAct(caller, action, key)
      decided({ allowed, action, key: key.key, storeId: key.storeId, sub: claims.sub, service })
      if (!allowed) {
        throw httpError(
          'forbidden',
          `This token does not give the right to ${action} there. Ask for a token that does.`,
        )
      }
      if (action === 'read' && !(serviceRole && claims.role === 'service')) await requireReadable(key)
      return key
    },

    async permitPublic(text, address) {
      take(`address ${address}`)
      const key = resolveKey(text, await bucketsOf(text), 'read')
      const allowed = key.rules?.access === 'public'
      decided({ allowed, action: 'read', key: key.key, storeId: key.storeId, sub: undefined, service: false })
      if (!allowed) throw httpError('forbidden', 'Only files in public buckets can be read without a token.')
      await requireReadable(key)
      return key
    },

    permitArtifact({ claims }, action, text) {
      const parts = parseArtifactKey(text)
      if (!parts) {
        throw httpError(
          'bad_key',
          'A key is requests/<UUID v4>/<stage>/<name>, in segments of A-Z, a-z, 0-9, ".", "_" and "-".',
        )
      }
      const key = text as ArtifactKey
      const allowed = parts.kind !== 'tmp' && hasRequestRight(claims, parts.requestId, action)
      decided({ allowed, action, key, storeId: 'requests', sub: claims.sub, service: false })
      if (!allowed) {
        throw httpError(
          'forbidden',
          `This token does not give the right to ${action} there. Ask for one whose claim "requests" names the request.`,
        )
      }
      return key
    },
  }
}

const requireToken = ({ headers }: Request): string => {
  // The second one is livestore-filesync's.
  const token = readBearer(headers.get('authorization') ?? `Bearer ${headers.get('x-worker-auth') ?? ''}`)
  if (token === undefined) throw httpError('unauthenticated', 'Send a token: "Authorization: Bearer <JWT>".')
  return token
}
