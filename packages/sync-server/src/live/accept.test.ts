import { RockpoolError } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { acceptLive } from './accept.ts'

const request = (protocols: string, headers = {}) =>
  new Request('http://localhost/sync/shop/live?since=3', {
    headers: { 'sec-websocket-protocol': protocols, ...headers },
  })
const bearer = (token: string) => `rockpool.bearer.${Buffer.from(token).toString('base64url')}`
const claims = { sub: 'ada', stores: { shop: ['read'] }, exp: 100 } as const
const accept = (own: Request, authenticate = async (_token: string) => claims as never) =>
  acceptLive(own, { authenticate, basePath: '/sync' })

describe('acceptLive', () => {
  it('passes the token of the subprotocol to the verifier', async () => {
    const tokens: string[] = []
    const token = 'a.b-c_d.?>~ü'.slice(0, -1)
    const authenticate = async (token: string) => {
      tokens.push(token)
      return claims as never
    }
    const grant = { storeId: 'shop', since: 3, sub: 'ada', expiresAt: 130_000 }
    expect(await accept(request(`rockpool.v1, ${bearer(token)}`), authenticate)).toEqual({ grant })
    expect(await accept(request('rockpool.v1', { authorization: 'Bearer x' }), authenticate)).toEqual({ grant })
    expect(tokens).toEqual([token, 'x'])
  })

  it.each([
    ['unauthenticated', 4401],
    ['storage_unavailable', 1013],
  ] as const)('closes for %s with %i', async (code, close) => {
    const authenticate = () => Promise.reject(new RockpoolError(code, 'No.'))
    expect(await accept(request(`rockpool.v1, ${bearer('x')}`), authenticate)).toEqual({ close, reason: 'No.' })
  })

  it('closes with a reason of at most 123 bytes, as a Close frame has room for', async () => {
    const authenticate = () => Promise.reject(new RockpoolError('unauthenticated', 'ü'.repeat(500)))
    const acceptance = await accept(request(`rockpool.v1, ${bearer('x')}`), authenticate)
    expect('reason' in acceptance && new TextEncoder().encode(acceptance.reason).length).toBeLessThanOrEqual(123)
  })
})
