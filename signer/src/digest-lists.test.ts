import { addressOfDigests, toBase64, WEB_HASHING } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { createDigestLists } from './digest-lists.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import { bytesOf } from './testing/harness.ts'

const ada = { claims: { sub: 'ada' } } as Caller

const listOf = async (parts: number, seed: number) => {
  const digests = bytesOf(32 * parts, seed)
  const address = await addressOfDigests(digests)
  return { key: { key: `reef/files/${address}`, address } as ResolvedKey, base64: toBase64(digests) }
}

test('lists are remembered up to a limit of memory; the one that was used longest ago goes first', async () => {
  const lists = createDigestLists(WEB_HASHING, 10_000)
  const [one, two, three] = await Promise.all([listOf(100, 1), listOf(100, 2), listOf(100, 3)])
  for (const { key, base64 } of [one, two]) await lists.prove(ada, key, base64)
  expect(lists.recall(ada, one.key)).toHaveLength(3_200)
  await lists.prove(ada, three.key, three.base64)
  expect([one, two, three].map(({ key }) => lists.recall(ada, key) !== undefined)).toEqual([true, false, true])
})

test('a short list counts with what remembering it takes', async () => {
  const lists = createDigestLists(WEB_HASHING, 10_000)
  const short = await Promise.all(Array.from({ length: 20 }, (_, seed) => listOf(2, seed)))
  for (const { key, base64 } of short) await lists.prove(ada, key, base64)
  expect(short.filter(({ key }) => lists.recall(ada, key)).length).toBeLessThan(10)
})
