import { expect, test } from 'vitest'
import { isLive, routeOf } from './route.ts'

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
  ['/sync/shop/events', false],
  ['/sync/live', false],
  ['/sync/a/live/b', false],
])('%s is a stream of news: %s', (url, expected) => expect(isLive(url)).toBe(expected))
