import { expect, test } from 'vitest'
import { environmentOf, variable, wrongVariable } from './environment.ts'

test('environmentOf takes variables written as JSON, and no other bindings', () => {
  const bindings = {
    ROCKPOOL_BUCKETS: { a: 1 },
    ROCKPOOL_RATE_LIMIT: 7,
    ARTIFACT_BUCKET: 'b',
    ROCKPOOL_X: undefined,
    SYNC_BACKEND: {},
    PORT: '1',
  }
  expect(environmentOf(bindings)).toEqual({
    ROCKPOOL_BUCKETS: '{"a":1}',
    ROCKPOOL_RATE_LIMIT: '7',
    ARTIFACT_BUCKET: 'b',
  })
})

test('an empty variable is not set; what is wrong with one is one line', () => {
  expect([variable({ A: ' b\n' }, 'A'), variable({ A: ' ' }, 'A'), variable({}, 'A')]).toEqual([
    'b',
    undefined,
    undefined,
  ])
  expect(wrongVariable('A', 'it has a\n\u2028b').message).toBe('A: it has a b.')
})
