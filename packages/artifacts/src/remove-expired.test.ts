import { expect, test } from 'vitest'
import { removeExpired } from './remove-expired.ts'
import type { ArtifactStorage } from './storage/storage.ts'

const DAY = 24 * 3_600_000
const NOW = Date.UTC(2026, 10, 26)
const [A, B, C] = ['0a', '0b', '0c'].map((start) => `requests/${start}1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77`)

/** Objects by key, each with its age in days; two keys a page. */
const storageWith = (ages: Readonly<Record<string, number>>) => {
  const left = new Map(Object.entries(ages))
  const storage: Pick<ArtifactStorage, 'list' | 'remove'> = {
    list: async (prefix, cursor) => {
      const keys = [...left.keys()].filter((key) => key.startsWith(prefix) && key > (cursor ?? '')).sort()
      const objects = keys
        .slice(0, 2)
        .map((key) => ({ key, size: 1, etag: '"e"', modifiedAt: NOW - left.get(key)! * DAY }))
      return { objects, cursor: keys.length > 2 ? objects.at(-1)!.key : undefined }
    },
    remove: async (key) => void left.delete(key),
  }
  return { storage: storage as ArtifactStorage, left: () => [...left.keys()].sort() }
}

test('removes from tmp/ what is 7 days old, and leaves requests alone unless told', async () => {
  const { storage, left } = storageWith({
    'tmp/builds/a': 7,
    'tmp/builds/b': 6.9,
    'tmp/scratch/c': 30,
    [`${A}/input/x`]: 400,
  })
  expect(await removeExpired(storage, NOW, {})).toEqual({ requests: 0, objects: 2 })
  expect(left()).toEqual([`${A}/input/x`, 'tmp/builds/b'])
})

test('removes a request as a whole, when its newest object is old enough', async () => {
  const { storage, left } = storageWith({
    [`${A}/input/x`]: 90,
    [`${A}/metadata/state.json`]: 31,
    [`${A}/sheet/y`]: 40,
    [`${B}/input/x`]: 90,
    [`${B}/metadata/state.json`]: 29,
    [`${C}/input/x`]: 30,
  })
  expect(await removeExpired(storage, NOW, { requestsOlderThan: 30 * DAY })).toEqual({ requests: 2, objects: 4 })
  expect(left()).toEqual([`${B}/input/x`, `${B}/metadata/state.json`])
})

test.for([0, -1, Number.NaN, DAY - 1])(
  'refuses an age of %d ms, which could remove a request that runs',
  async (age) => {
    const { storage } = storageWith({})
    await expect(removeExpired(storage, NOW, { requestsOlderThan: age })).rejects.toMatchObject({
      code: 'bad_argument',
    })
  },
)

test('leaves what others keep below requests/ alone', async () => {
  const foreign = [
    'requests/templates/base.psd',
    `requests/${A!.split('/')[1]!.toUpperCase()}/input/x`,
    'requests/readme.txt',
  ]
  const { storage, left } = storageWith({
    ...Object.fromEntries(foreign.map((key) => [key, 400])),
    [`${B}/input/x`]: 90,
  })
  expect(await removeExpired(storage, NOW, { requestsOlderThan: 30 * DAY })).toEqual({ requests: 1, objects: 1 })
  expect(left()).toEqual(foreign.toSorted())
})

test('keeps what has no time of modification', async () => {
  const { storage, left } = storageWith({
    'tmp/builds/a': Number.NaN,
    [`${A}/input/x`]: Number.NaN,
    [`${A}/input/y`]: 90,
  })
  expect(await removeExpired(storage, NOW, { requestsOlderThan: 30 * DAY })).toEqual({ requests: 0, objects: 0 })
  expect(left().length).toBe(3)
})

test('leaves keys alone whose URL would be that of another object', async () => {
  const { storage, left } = storageWith({ 'tmp/builds/../../../other-bucket/a': 30, [`${A}/./x`]: 90, [`${A}/x`]: 90 })
  expect(await removeExpired(storage, NOW, { requestsOlderThan: 30 * DAY })).toEqual({ requests: 1, objects: 1 })
  expect(left()).toEqual([`${A}/./x`, 'tmp/builds/../../../other-bucket/a'])
})
