import { expect, it } from 'vitest'
import { describeError } from './index.ts'

it('describes an error with its causes', () => {
  const error = new TypeError('The log cannot be read.', { cause: new Error('EIO') })
  expect(describeError(error)).toBe('TypeError: The log cannot be read. < Error: EIO')
  expect(describeError('no error')).toBe('no error')
})

it('describes an error of S3 by its code: its message may repeat signed values', () => {
  const cause = Object.assign(new Error('The signature 8f3a does not match.'), {
    ...{ name: 'SignatureDoesNotMatch', $fault: 'client' },
  })
  const error = new Error('S3 refused the credentials.', { cause })
  expect(describeError(error)).toBe('Error: S3 refused the credentials. < SignatureDoesNotMatch')
})
