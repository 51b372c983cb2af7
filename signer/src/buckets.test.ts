import { MAX_CONTENT_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { bucketRules, checkContent } from './buckets.ts'

const photos = { access: 'store', types: ['image/*', 'application/pdf'], maxSize: 1_000 } as const

test.each([
  [1_000, 'image/png', undefined],
  [0, 'application/pdf', undefined],
  [1_000, 'IMAGE/PNG; q=1', undefined],
  [1_001, 'image/png', 'too_large'],
  [1, 'text/html', 'type_not_allowed'],
  [1, 'imagery/png', 'type_not_allowed'],
  [1, 'application/pdfx', 'type_not_allowed'],
])('%d bytes of %s: %s', (size, type, code) => {
  const check = () => checkContent('photos', photos, size, type)
  if (code === undefined) expect(check()).toBeUndefined()
  else expect(check).toThrow(expect.objectContaining({ code }))
})

test('without rules of its own a bucket takes everything up to 78 GiB', () => {
  expect(checkContent('files', { access: 'store' }, MAX_CONTENT_SIZE, 'text/html')).toBeUndefined()
  expect(() => checkContent('files', { access: 'store' }, MAX_CONTENT_SIZE + 1, 'a/b')).toThrow('bytes')
})

test('only configured buckets exist', () => {
  expect(bucketRules({ photos }, 'photos')).toBe(photos)
  for (const name of ['files', 'toString', '__proto__', 'constructor'])
    expect(bucketRules({ photos }, name)).toBeUndefined()
})
