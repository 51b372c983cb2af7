/** The claims of a token, and the one reading of them: anything of another shape is refused as a whole. */
import { isStoreId, type Right, type StoreId, type TokenClaims } from '@rockpool/protocol'

/** What is read from a verified token. */
export interface Claims extends TokenClaims {
  /** rights on claim-check artifacts */
  readonly requests?: readonly Right[]
  /** `service`: every right in every store; honoured only where the service role is switched on */
  readonly role?: 'service'
}

/** Whether these claims give a right in a store. Names come from outside: inherited properties are no stores. */
export const hasRight = ({ stores }: TokenClaims, storeId: StoreId, right: Right): boolean =>
  Object.hasOwn(stores, storeId) && stores[storeId]!.includes(right)

const RIGHTS: ReadonlySet<unknown> = new Set<Right>(['read', 'write', 'delete'])

const isRights = (value: unknown): value is Right[] => Array.isArray(value) && value.every((right) => RIGHTS.has(right))

const isStores = (value: unknown): value is Record<string, Right[]> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([storeId, rights]) => isStoreId(storeId) && isRights(rights))

/** The claims in a token's payload, or a sentence about what is wrong with it. */
export const readClaims = (payload: Readonly<Record<string, unknown>>): Claims | string => {
  const { sub, stores, exp, requests, role } = payload
  if (typeof sub !== 'string' || sub.length === 0 || sub.length > 1_024) return 'It needs a claim "sub", the user.'
  // UTF-8 makes the same bytes of all lone surrogates: two users would own the same files.
  if (!sub.isWellFormed()) return 'Its claim "sub" has to be well-formed Unicode.'
  if (!isStores(stores)) return 'It needs a claim "stores": {"<storeId>": ["read", "write", "delete"]}.'
  if (requests !== undefined && !isRights(requests)) return 'Its claim "requests" has to be a list of rights.'
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
