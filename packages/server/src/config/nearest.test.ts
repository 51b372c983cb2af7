import { expect, test } from 'vitest'
import { nearest, suggestion } from './nearest.ts'

const KNOWN = ['storage.s3.bucket', 'storage.s3.region', 'server.port', 'buckets']

test.each([
  ['storage.s3.buket', 'storage.s3.bucket'],
  ['Server.Port', 'server.port'],
  ['bucket', 'buckets'],
  ['storage.s3.regoin', 'storage.s3.region'],
  ['telemetry', undefined],
  ['', undefined],
])('%s is nearest to %s', (name, expected) => {
  expect(nearest(name, KNOWN)).toBe(expected)
})

test('suggests only what is near', () => {
  expect(suggestion('serverport', KNOWN)).toBe(' Did you mean "server.port"?')
  expect(suggestion('telemetry', KNOWN)).toBe('')
})
