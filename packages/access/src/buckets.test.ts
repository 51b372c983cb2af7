import { DEFAULT_BUCKETS } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { readBuckets } from './buckets.ts'

test('the rules by name, or one bucket when nothing is set', () => {
  const photos = { access: 'public', types: ['image/*'], maxSize: 5 }
  expect(readBuckets({ ROCKPOOL_BUCKETS: JSON.stringify({ photos }) })).toEqual({ photos })
  for (const unset of [{}, { ROCKPOOL_BUCKETS: ' \n' }]) expect(readBuckets(unset)).toBe(DEFAULT_BUCKETS)
})

test.each([
  ['photos', 'it is not JSON'],
  ['{}', 'name at least one bucket'],
  ['null', 'actual null'],
  ['["photos"]', 'actual'],
  ['{"photos":{}}', 'photos.access: '],
  ['{"photos":{"access":"all"}}', 'photos.access: '],
  ['{"a\\nb":{"access":"all"}}', 'a b.access: '],
  ['{"photos":{"access":"store","maxSize":"5 MB"}}', 'photos.maxSize: '],
  ['{"photos":{"access":"store","maxsize":5}}', 'photos.maxsize: there is no such rule'],
  ['{"photos":{"access":"store","max_size":5}}', 'photos.max_size: there is no such rule'],
])('refuses %s in one line that says why, and how it is written', (text, why) => {
  expect(() => readBuckets({ ROCKPOOL_BUCKETS: text })).toThrow(
    expect.objectContaining({
      code: 'bad_request',
      message: expect.stringMatching(/^ROCKPOOL_BUCKETS: .+; write it like \{"photos":.+\}\.$/),
    }),
  )
  expect(() => readBuckets({ ROCKPOOL_BUCKETS: text })).toThrow(why)
})
