import { expect, test } from 'vitest'
import { queueOf } from './queue-of.ts'

const authorization = 'Bearer a.b.c'

test.each([
  ['signer', '/signer/download-url?key=a', 'calls Bearer a.b.c'],
  ['signer', '/signer/objects/reef/files/a', 'bytes Bearer a.b.c'],
  ['signer', '/signer/objects?key=a', 'calls Bearer a.b.c'],
  ['sync', '/sync/reef/events', 'calls Bearer a.b.c'],
  ['sync', '/sync/reef/live?since=0', undefined],
  ['rest', '/storage/v1/events', undefined],
  ['rest', '/storage/v1/object/files/a', 'bytes Bearer a.b.c'],
  ['rest', '/storage/v1/objects', 'calls Bearer a.b.c'],
  ['static', '/index.html', undefined],
  ['metrics', '/metrics', undefined],
] as const)('%s %s queues as %s', (part, url, queue) => {
  expect(queueOf(part, { url, headers: { authorization } })).toBe(queue)
  expect(queueOf(part, { url, headers: {} })).toBeUndefined()
})
