/** The tokens of simulated people: real JWTs, signed without WebCrypto, whose threads no seed orders. */
import { createHmac } from 'node:crypto'
import type { Right } from '@rockpool/protocol'

const SECRET = 'the secret that simulated tokens are signed with'
const RIGHTS: readonly Right[] = ['read', 'write', 'delete']
/** s. Short, so that tokens expire while people work. */
const LIFETIME = 600

export const TOKEN_SECRETS = [SECRET] as const

/** A token with all rights in one store. @param sub a person, or a service of the operator @param now unix ms */
export const issueToken = (sub: string, storeId: string, now: number): string => {
  const claims = { sub, stores: { [storeId]: RIGHTS }, exp: Math.floor(now / 1_000) + LIFETIME }
  const text = [{ alg: 'HS256' }, claims].map((part) => base64url(JSON.stringify(part))).join('.')
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

/** The token that the person has on this device. */
export type TokenOf = (device: string, options?: { readonly fresh?: boolean }) => string

/** Keeps the token of each device until the server refuses it, as an app does that does not look into tokens. */
export const makeTokens = (person: string, storeId: string, now: () => number): TokenOf => {
  const tokens = new Map<string, string>()
  return (device, { fresh = false } = {}) => {
    const token = fresh ? undefined : tokens.get(device)
    const current = token ?? issueToken(person, storeId, now())
    tokens.set(device, current)
    return current
  }
}
