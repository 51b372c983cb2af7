import { describe, expect, it } from 'vitest'
import { readTokenRequest, type TokenRequest } from './token-endpoint.ts'

const good: TokenRequest = {
  method: 'POST',
  url: '/?user=ada&store=gallery',
  headers: { host: '127.0.0.1:5173', 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:5173' },
  address: '127.0.0.1',
}
const withHeaders = (headers: TokenRequest['headers']): TokenRequest => ({ ...good, headers })
const withUrl = (url: string): TokenRequest => ({ ...good, url })

describe('development tokens', () => {
  it.each([
    ['a page of this server', good],
    ['localhost', withHeaders({ host: 'localhost:5173', 'sec-fetch-site': 'same-origin' })],
    ['IPv6', { ...withHeaders({ host: '[::1]:5173', 'sec-fetch-site': 'same-origin' }), address: '::1' }],
    ['IPv4 in IPv6', { ...good, address: '::ffff:127.0.0.1' }],
    ['a browser without fetch metadata', withHeaders({ host: 'localhost', origin: 'http://localhost' })],
  ])('are given to %s', (_who, request) => {
    expect(readTokenRequest(request)).toEqual({ user: 'ada', storeId: 'gallery' })
  })

  it.each([
    ['GET', { ...good, method: 'GET' }, 405],
    ['another site', withHeaders({ ...good.headers, 'sec-fetch-site': 'cross-site' }), 403],
    ['another port of this machine', withHeaders({ ...good.headers, 'sec-fetch-site': 'same-site' }), 403],
    ['a typed address', withHeaders({ ...good.headers, 'sec-fetch-site': 'none' }), 403],
    ['another origin', withHeaders({ host: 'localhost:5173', origin: 'http://localhost:8080' }), 403],
    [
      'an origin that only begins alike',
      withHeaders({ host: 'localhost', origin: 'http://localhost.evil.example' }),
      403,
    ],
    ['a sandboxed frame', withHeaders({ host: 'localhost', origin: 'null' }), 403],
    ['who says nothing of itself', withHeaders({ host: 'localhost' }), 403],
    ['a rebound name', withHeaders({ host: 'evil.example:5173', 'sec-fetch-site': 'same-origin' }), 403],
    ['a name that begins alike', withHeaders({ host: '127.0.0.1.evil.example', 'sec-fetch-site': 'same-origin' }), 403],
    ['another machine', { ...good, address: '192.168.1.7' }, 403],
    ['an unknown machine', { ...good, address: undefined }, 403],
    ['no user', withUrl('/?store=gallery'), 400],
    ['a user too long', withUrl(`/?user=${'a'.repeat(129)}&store=gallery`), 400],
    ['no store', withUrl('/?user=ada'), 400],
    ['a reserved store', withUrl('/?user=ada&store=public'), 400],
    ['a store that is none', withUrl('/?user=ada&store=a%2Fb'), 400],
  ])('are refused to %s', (_who, request, status) => {
    expect(readTokenRequest(request)).toMatchObject({ status })
  })
})
