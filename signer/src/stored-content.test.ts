import { type ObjectInfo, ObjectStoreError } from '@rockpool/object-store'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { hasContent } from './stored-content.ts'

const SMALL = `shop/files/${'a'.repeat(64)}` as RemoteKey
const LARGE = `${SMALL}-2` as RemoteKey
const { signal } = new AbortController()

const storeWith = (...keys: readonly string[]) => ({
  head: async (key: string) => {
    if (keys.includes(key)) return { key } as ObjectInfo
    throw new ObjectStoreError('not_found', 'There is no such object.')
  },
})

test.each<[string, RemoteKey, readonly string[], boolean]>([
  ['a content that is there', SMALL, [SMALL], true],
  ['a content that is missing', SMALL, [LARGE], false],
  ['a content of several parts with its digest list', LARGE, [LARGE, `${LARGE}.parts`], true],
  ['a content of several parts without its digest list', LARGE, [LARGE], false],
  ['a digest list without its content', LARGE, [`${LARGE}.parts`], false],
])('finds %s: %s', async (_, key, stored, expected) => {
  expect(await hasContent(storeWith(...stored), key, signal)).toBe(expected)
})

test('passes on an error that says nothing about the content', async () => {
  const head = async () => {
    throw new ObjectStoreError('unavailable', 'The disk does not respond.')
  }
  await expect(hasContent({ head }, SMALL, signal)).rejects.toMatchObject({ code: 'unavailable' })
})
