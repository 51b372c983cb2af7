import { expect, test } from 'vitest'
import { environmentOf, refuseUnknown, variable, wrongVariable } from './environment.ts'

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

test('refuseUnknown names a variable of ours that nothing reads, and leaves those of others alone', () => {
  const known = new Set(['ROCKPOOL_BUCKETS', 'ARTIFACT_BUCKET'])
  refuseUnknown({ ROCKPOOL_BUCKETS: '', ARTIFACT_BUCKET: 'b', PORT: '1', MY_ROCKPOOL_X: '1' }, known)
  for (const name of ['ROCKPOOL_BUKETS', 'ARTIFACT_BUCKETS']) {
    expect(() => refuseUnknown({ [name]: 'x' }, known)).toThrow(
      expect.objectContaining({
        code: 'bad_request',
        message: expect.stringMatching(`^${name}: there is no such variable`),
      }),
    )
  }
})
