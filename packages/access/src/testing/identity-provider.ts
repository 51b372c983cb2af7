/** An identity provider on loopback, as far as its tokens are concerned: key pairs, and a JWKS with some of them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export interface IdentityProvider {
  /** of the JWKS */
  readonly url: string
  /** A token signed with the key of this id, which the JWKS need not have. */
  sign(payload: JWTPayload, kid?: string): Promise<string>
  /** From now on the JWKS has the keys of these ids; at first `one`. */
  publish(...kids: string[]): Promise<void>
  /** From now on this is the response in place of a JWKS. */
  respondWith(status: number, body: string): void
  stop(): Promise<void>
}

export const startIdentityProvider = async (): Promise<IdentityProvider> => {
  const pairs = new Map<string, ReturnType<typeof generateKeyPair>>()
  const pairOf = (kid: string) => {
    const pair = pairs.get(kid) ?? generateKeyPair('ES256')
    pairs.set(kid, pair)
    return pair
  }
  const publicKey = async (kid: string) => {
    const key = await exportJWK((await pairOf(kid)).publicKey)
    return { ...key, kid, alg: 'ES256' }
  }
  let current = { status: 200, body: '' }
  const publish = async (...kids: string[]) => {
    current = { status: 200, body: JSON.stringify({ keys: await Promise.all(kids.map(publicKey)) }) }
  }
  await publish('one')
  const server = createServer((_, response) => void response.writeHead(current.status).end(current.body))
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    sign: async (payload, kid = 'one') =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign((await pairOf(kid)).privateKey),
    publish,
    respondWith: (status, body) => void (current = { status, body }),
    stop: async () => {
      const closed = new Promise((done) => void server.close(done))
      server.closeAllConnections()
      await closed
    },
  }
}
