import { expect, test } from 'vitest'
import { isLive, patternOf, routeOf } from './route.ts'

test.each([
  ['/health', { part: 'health' }],
  ['/health?x=1', { part: 'health' }],
  ['/ready', { part: 'ready' }],
  ['/metrics', { part: 'metrics' }],
  ['/signer/download-url?key=a', { part: 'signer', url: '/download-url?key=a' }],
  ['/signer', { part: 'signer', url: '/' }],
  ['/signer?x', { part: 'signer', url: '/?x' }],
  ['/signers', { part: 'static', path: '/signers' }],
  ['/sync/shop/head', { part: 'sync' }],
  ['/storage/v1/object/files/a%20b.jpg?x', { part: 'rest' }],
  ['/storage/v10', { part: 'static', path: '/storage/v10' }],
  ['/', { part: 'static', path: '/' }],
  ['/a%20b.html?x#y', { part: 'static', path: '/a b.html' }],
  ['/%E0%A4%A', { part: 'bad_path' }],
  ['http://other.example/', { part: 'bad_path' }],
  ['*', { part: 'bad_path' }],
])('%s', (url, route) => expect(routeOf(url)).toEqual(route))

test.each([
  ['/sync/shop/live?since=0', true],
  ['/sync/shop/live', true],
  ['/storage/v1/events?since=0', true],
  ['/storage/v1/events/a', false],
  ['/sync/shop/events', false],
  ['/sync/live', false],
  ['/sync/a/live/b', false],
])('%s is a stream of news: %s', (url, expected) => expect(isLive(url)).toBe(expected))

test.each([
  ['signer', '/signer/download-url?key=reef/files/secret', { route: '/signer/*' }],
  ['sync', '/sync/shop/events?since=1', { route: '/sync/:storeId/events', storeId: 'shop' }],
  ['sync', '/sync/shop/events/secret', { route: '/sync/:storeId/events', storeId: 'shop' }],
  ['sync', '/sync/shop/secret', { route: '/sync/*' }],
  ['sync', '/sync/%20/head', { route: '/sync/*' }],
  ['rest', '/storage/v1/objects?prefix=secret', { route: '/storage/v1/objects' }],
  ['rest', '/storage/v1/object/sign/files/secret?token=a', { route: '/storage/v1/object/sign/*' }],
  ['rest', '/storage/v1/object/release/files/secret', { route: '/storage/v1/object/release/*' }],
  ['rest', '/storage/v1/usage?secret', { route: '/storage/v1/usage' }],
  ['rest', '/storage/v1/object/files/secret', { route: '/storage/v1/object/*' }],
  ['rest', '/storage/v1/objectsecret', { route: '/storage/v1/*' }],
  ['static', '/secret.html', { route: '/*' }],
  ['bad_path', '*', { route: '/*' }],
] as const)('%s: the pattern of %s holds no name of a file', (part, url, pattern) => {
  expect(patternOf(part, url)).toEqual(pattern)
})
