import type { Claims } from '@rockpool/access'
import { describe, expect, it } from 'vitest'
import { identify, requireReader, requireUser, storeOf } from './caller.ts'

const CLAIMS: Claims = { sub: 'ada', stores: { shop: ['read'] } }
const options = { authenticate: async () => CLAIMS, rateLimit: undefined, serviceRole: false, address: '192.0.2.1' }
const request = (headers: Record<string, string>) => new Request('http://localhost/', { headers })
const bearer = { authorization: 'Bearer token' }

describe('the store of a request', () => {
  it('is the only one of the token', () => expect(storeOf(CLAIMS, undefined)).toBe('shop'))
  it('is the one of the header', () => expect(storeOf(CLAIMS, 'lagoon')).toBe('lagoon'))
  it.each([
    ['a token for two stores', { shop: [], lagoon: [] }, undefined],
    ['a token for none', {}, undefined],
    ['a header that names no store', { shop: [] }, '../shop'],
    ['a reserved word', { shop: [] }, 'tmp'],
  ])('is not known of %s', (_, stores, named) => {
    expect(() => storeOf({ stores }, named)).toThrow(expect.objectContaining({ code: 'bad_request' }))
  })
})

describe('a caller', () => {
  it('without a token reads the public buckets of the store in the header', async () => {
    const caller = await identify(request({ 'rockpool-store': 'shop' }), options)
    expect(caller).toEqual({ storeId: 'shop', user: undefined })
    expect(() => requireReader(caller, { access: 'public' })).not.toThrow()
    for (const access of ['store', 'owner'] as const) {
      expect(() => requireReader(caller, { access })).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    }
    await expect(identify(request({}), options)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('with a header that is no token is not taken for one without', async () => {
    const both = { authorization: 'Basic dXNlcg==', 'rockpool-store': 'shop' }
    await expect(identify(request(both), options)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('has the rights of the token in the store of the header', async () => {
    const own = await identify(request(bearer), options)
    expect(requireUser(own, 'read').claims).toBe(CLAIMS)
    expect(() => requireUser(own, 'write')).toThrow(expect.objectContaining({ code: 'forbidden' }))
    const other = await identify(request({ ...bearer, 'rockpool-store': 'lagoon' }), options)
    expect(() => requireUser(other, 'read')).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  it('has every right by the service role, where it is switched on', async () => {
    const authenticate = async () => ({ sub: 'scanner', stores: {}, role: 'service' }) as const
    const header = { ...bearer, 'rockpool-store': 'shop' }
    const service = await identify(request(header), { ...options, authenticate, serviceRole: true })
    expect(requireUser(service, 'admin').claims.sub).toBe('scanner')
    const other = await identify(request(header), { ...options, authenticate })
    expect(() => requireUser(other, 'read')).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  it('is limited by user, and by address without a token', async () => {
    const callers: string[] = []
    const limited = { ...options, rateLimit: (caller: string) => callers.push(caller) * 1_000 }
    for (const headers of [bearer, { 'rockpool-store': 'shop' }]) {
      await expect(identify(request(headers), limited)).rejects.toMatchObject({ code: 'rate_limited' })
    }
    expect(callers).toEqual(['ada', 'address 192.0.2.1'])
  })
})
