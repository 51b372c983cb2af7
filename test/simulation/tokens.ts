/** The tokens of simulated people: real JWTs, signed without WebCrypto, whose threads no seed orders. */
import { createHmac } from 'node:crypto'
import type { Right } from '@rockpool/protocol'

const SECRET = 'the secret that simulated tokens are signed with'
const RIGHTS: readonly Right[] = ['read', 'write', 'delete']
/** s. Short, so that tokens expire while people work. */
const LIFETIME = 600

export const TOKEN_SECRETS = [SECRET] as const

/** A token with all rights in one store. @param now unix ms */
export const issueToken = (sub: string, storeId: string, now: number): string => {
  const claims = { sub, stores: { [storeId]: RIGHTS }, exp: Math.floor(now / 1_000) + LIFETIME }
  const text = [{ alg: 'HS256' }, claims].map((part) => base64url(JSON.stringify(part))).join('.')
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** @param sub the person, who is named as their device */
export type TokenOf = (sub: string, options?: { readonly fresh?: boolean }) => string

/** Keeps the token of each person until the server refuses it, as an app does that does not look into tokens. */
export const makeTokens = (storeId: string, now: () => number): TokenOf => {
  const tokens = new Map<string, string>()
  return (sub, { fresh = false } = {}) => {
    const token = fresh ? undefined : tokens.get(sub)
    const current = token ?? issueToken(sub, storeId, now())
    tokens.set(sub, current)
    return current
  }
}
