/** Tokens signed with {@link SECRET}, for tests. */
import type { Right } from '@rockpool/protocol'
import { SignJWT } from 'jose'
import { SECRET } from './token-cases.ts'

export interface SignTokenOptions {
  readonly sub?: string
  readonly rights?: readonly Right[]
  readonly secret?: string
  /** seconds from now */
  readonly expiresIn?: number
}

/** A token of `ada` with all rights in one store, for an hour, unless the options say otherwise. */
export const signToken = (
  storeId: string,
  { sub = 'ada', rights = ['read', 'write', 'delete'], secret = SECRET, expiresIn = 3_600 }: SignTokenOptions = {},
): Promise<string> =>
  new SignJWT({ stores: { [storeId]: rights } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(new TextEncoder().encode(secret))
