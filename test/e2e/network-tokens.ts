/** Tokens that the server accepts, with the rights and the life that a story needs. */
import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLOCK_SKEW_SECONDS } from '@rockpool/access'
import type { Right } from '@rockpool/protocol'
import type { Server } from './server.ts'

export interface TokenOptions {
  readonly user: string
  readonly storeId: string
  readonly rights: readonly Right[]
  /** until the server rejects it */
  readonly lifetimeMs: number
}

export type Sign = (options: TokenOptions) => string

/** Signs with the secret of the server, as its embedded backend does. */
export const tokenSigner = async ({ dataFolder }: Server): Promise<Sign> => {
  const secret = await readFile(join(dataFolder, 'secret'), 'utf8')
  return signerWith(createHmac('sha256', secret).update('tokens').digest('hex'))
}

export const signerWith =
  (tokenSecret: string): Sign =>
  ({ user, storeId, rights, lifetimeMs }) => {
    // The server accepts a token for this much longer than it says.
    const exp = Math.ceil((Date.now() + lifetimeMs) / 1_000) - CLOCK_SKEW_SECONDS
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'HS256' })}.${part({ sub: user, stores: { [storeId]: rights }, exp })}`
    return `${signed}.${createHmac('sha256', tokenSecret).update(signed).digest('base64url')}`
  }
