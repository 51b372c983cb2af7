import { describe, expect, it } from 'vitest'
import { exceededBy, type FileQuota, NO_USE, quotaMessage, useOf } from './file-quota.ts'

describe('what an event adds', () => {
  it.each([
    ['v2.FileAdded', { size: 5 }, { files: 1, bytes: 5 }],
    ['v2.FileContentReplaced', { size: 5 }, { files: 0, bytes: 5 }],
    ['v2.FileRenamed', { size: 5 }, NO_USE],
    ['v2.FileDeleted', {}, NO_USE],
    ['v2.FileAdded', { size: '5' }, NO_USE],
    ['v2.FileAdded', { size: -5 }, NO_USE],
    ['v2.FileAdded', undefined, NO_USE],
  ])('%s %j', (name, args, expected) => expect(useOf(name, args)).toEqual(expected))
})

describe('a quota', () => {
  const used = { store: { files: 8, bytes: 80 }, user: { files: 4, bytes: 40 } }

  it.each<[string, FileQuota, { files: number; bytes: number }, object | undefined]>([
    ['no limit', {}, { files: 1, bytes: 1e9 }, undefined],
    ['the last byte of the store', { storeBytes: 100 }, { files: 1, bytes: 20 }, undefined],
    [
      'one byte more',
      { storeBytes: 100 },
      { files: 1, bytes: 21 },
      { of: 'store', unit: 'bytes', used: 80, limit: 100 },
    ],
    ['the last file of the store', { storeFiles: 9 }, { files: 1, bytes: 1 }, undefined],
    ['one file more', { storeFiles: 8 }, { files: 1, bytes: 0 }, { of: 'store', unit: 'files', used: 8, limit: 8 }],
    [
      'bytes of the user',
      { userBytes: 50 },
      { files: 1, bytes: 11 },
      { of: 'user', unit: 'bytes', used: 40, limit: 50 },
    ],
    ['files of the user', { userFiles: 4 }, { files: 1, bytes: 0 }, { of: 'user', unit: 'files', used: 4, limit: 4 }],
    ['a new version of a user who has all files', { userFiles: 4 }, { files: 0, bytes: 9 }, undefined],
    ['what adds nothing to a store over its limit', { storeBytes: 10, userFiles: 1 }, NO_USE, undefined],
  ])('%s', (_, quota, more, expected) => expect(exceededBy(quota, used, more)).toEqual(expected))

  it('says its figures, and what to do', () => {
    expect(quotaMessage({ of: 'store', unit: 'bytes', used: 99_000, limit: 100_000 })).toBe(
      'This store is full: 99,000 of 100,000 bytes are used. Delete files, or ask its operator for more.',
    )
    expect(quotaMessage({ of: 'user', unit: 'files', used: 4, limit: 4 })).toMatch(/^Your space .*: 4 of 4 files/)
  })
})
