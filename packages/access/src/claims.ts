/** The claims of a token, and the one reading of them: anything of another shape is refused as a whole. */
import { isRequestId, isStoreId, type RequestId, type Right, type StoreId, type TokenClaims } from '@rockpool/protocol'

/** What is read from a verified token. */
export interface Claims extends TokenClaims {
  /** rights on the artifacts of single requests: `{ "<uuid>": ["read", "write"] }` */
  readonly requests?: Readonly<Record<RequestId, readonly Right[]>>
  /** `service`: every right in every store; honoured only where the service role is switched on */
  readonly role?: 'service'
}

/** Whether these claims give a right in a store. Names come from outside: inherited properties are no stores. */
export const hasRight = ({ stores }: TokenClaims, storeId: StoreId, right: Right): boolean =>
  Object.hasOwn(stores, storeId) && stores[storeId]!.includes(right)

/** Whether these claims give a right on the artifacts of a request. Rights in a store say nothing about requests. */
export const hasRequestRight = ({ requests }: Pick<Claims, 'requests'>, requestId: RequestId, right: Right): boolean =>
  requests !== undefined && Object.hasOwn(requests, requestId) && requests[requestId]!.includes(right)

const RIGHTS: ReadonlySet<unknown> = new Set<Right>(['read', 'write', 'delete', 'admin'])

const isRights = (value: unknown): value is Right[] => Array.isArray(value) && value.every((right) => RIGHTS.has(right))

const isGrants = <Id extends string>(
  value: unknown,
  isId: (text: string) => text is Id,
): value is Record<Id, Right[]> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([id, rights]) => isId(id) && isRights(rights))

/** The claims in a token's payload, or a sentence about what is wrong with it. */
export const readClaims = (payload: Readonly<Record<string, unknown>>): Claims | string => {
  const { sub, stores, exp, requests, role } = payload
  if (typeof sub !== 'string' || sub.length === 0 || sub.length > 1_024) return 'It needs a claim "sub", the user.'
  // UTF-8 makes the same bytes of all lone surrogates: two users would own the same files.
  if (!sub.isWellFormed()) return 'Its claim "sub" has to be well-formed Unicode.'
  // Postgres stores no text with it: each append of this user would fail.
  if (sub.includes('\0')) return 'Its claim "sub" must not have the character NUL.'
  if (!isGrants(stores, isStoreId)) return 'It needs a claim "stores": {"<storeId>": ["read", "write", "delete"]}.'
  if (requests !== undefined && !isGrants(requests, isRequestId)) {
    return 'Its claim "requests" has to be {"<UUID v4 in lower case>": ["read", "write", "delete"]}.'
  }
  if (role !== undefined && role !== 'service') return 'Its claim "role" can only be "service".'
  if (exp !== undefined && typeof exp !== 'number') return 'Its claim "exp" has to be a number.'
  return {
    sub,
    stores,
    ...(exp !== undefined && { exp }),
    ...(requests !== undefined && { requests }),
    ...(role !== undefined && { role }),
  }
}
