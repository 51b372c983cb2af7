import { describe, expect, test } from 'vitest'
import { clientAddress, isLoopback, readProxies } from './addresses.ts'

const proxies = readProxies({ ROCKPOOL_TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.7,fd00::/8' })

test.each([
  ['127.0.0.1', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['example.com', false],
])('%s is the loopback: %s', (host, expected) => expect(isLoopback(host)).toBe(expected))

test.each([
  ['10.255.0.1', true],
  ['::ffff:10.0.0.1', true],
  ['192.168.1.7', true],
  ['192.168.1.8', false],
  ['fd12::1', true],
  ['2001:db8::1', false],
  ['unix', false],
])('%s is trusted: %s', (address, expected) => expect(proxies.trusts(address)).toBe(expected))

describe('the address of the client', () => {
  test.each([
    ['a stranger speaks for itself only', '8.8.8.8', '1.1.1.1', '8.8.8.8'],
    ['one proxy', '10.0.0.1', '8.8.8.8', '8.8.8.8'],
    ['what the client made up stands before', '10.0.0.1', '1.1.1.1, 8.8.8.8', '8.8.8.8'],
    ['two proxies', '10.0.0.1', '8.8.8.8, 10.0.0.2', '8.8.8.8'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an entry that is no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['only proxies', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['a mapped address', '::ffff:10.0.0.1', '8.8.8.8', '8.8.8.8'],
    ['no connection', undefined, '8.8.8.8', undefined],
  ])('%s', (_, remote, header, expected) => {
    expect(clientAddress(remote, header, proxies)).toBe(expected)
  })
})

test.each(['10.0.0.0/33', 'proxy', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/x', '10.0.0/8'])('refuses "%s"', (entry) => {
  expect(() => readProxies({ ROCKPOOL_TRUSTED_PROXIES: entry })).toThrow(/^ROCKPOOL_TRUSTED_PROXIES: [^\n]+\.$/)
})
