import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalStore } from '@rockpool/object-store/local'
import { expect, onTestFinished, test } from 'vitest'
import { expireRequests } from './expire-requests.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 26)
const [A, B, C] = ['0a', '0b', '0c'].map((start) => `requests/${start}1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77`)
const signal = new AbortController().signal

/** Objects by key, each with its age in days; two keys a page. */
const storeWith = (ages: Readonly<Record<string, number>>) => {
  const left = new Map(Object.entries(ages))
  return {
    left: () => [...left.keys()].sort(),
    store: {
      list: async (prefix: string, { cursor = '' }: { readonly cursor?: string } = {}) => {
        const keys = [...left.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort()
        const objects = keys.slice(0, 2).map((key) => {
          return { key, size: 10, etag: '"e"', modifiedAt: NOW - left.get(key)! * DAY }
        })
        return { objects, ...(keys.length > 2 && { cursor: objects.at(-1)!.key }) }
      },
      delete: async (key: string) => void left.delete(key),
    },
  }
}

const AGES = {
  [`${A}/input/x`]: 90,
  [`${A}/metadata/state.json`]: 30,
  [`${A}/sheet/y`]: 40,
  [`${B}/input/x`]: 90,
  [`${B}/metadata/state.json`]: 29,
  [`${B}/sheet/y`]: 90,
  [`${C}/input/x`]: 31,
  'requests/not-a-request/x/y': 90,
  'reef/files/x': 90,
}

test('a request goes as a whole when its newest object is old enough', async () => {
  const { store, left } = storeWith(AGES)
  const expired = await expireRequests(store, { olderThanMs: 30 * DAY, now: NOW, dryRun: false }, signal)
  expect(expired).toEqual({ requests: 2, objects: 4, bytes: 40 })
  const kept = [
    ...['input/x', 'metadata/state.json', 'sheet/y'].map((name) => `${B}/${name}`),
    'requests/not-a-request/x/y',
  ]
  expect(left()).toEqual(['reef/files/x', ...kept])
})

test('a dry run counts the same, and removes nothing', async () => {
  const { store, left } = storeWith(AGES)
  const expired = await expireRequests(store, { olderThanMs: 30 * DAY, now: NOW, dryRun: true }, signal)
  expect(expired).toEqual({ requests: 2, objects: 4, bytes: 40 })
  expect(left()).toEqual(Object.keys(AGES).sort())
})

test('a request with an object of unknown age stays', async () => {
  const { store, left } = storeWith({ [`${A}/input/x`]: 90, [`${A}/input/y`]: Number.NaN })
  await expireRequests(store, { olderThanMs: 30 * DAY, now: NOW, dryRun: false }, signal)
  expect(left().length).toBe(2)
})

test('the local store: artifacts go, files of the app stay', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-expire-'))
  const store = await openLocalStore({ directory, publicBaseUrl: '', secret: 'x'.repeat(32) })
  onTestFinished(async () => {
    await store.close()
    await rm(directory, { recursive: true })
  })
  for (const key of [`${A}/input/x`, `${A}/metadata/state.json`, 'reef/files/x']) {
    await store.put(key, new Uint8Array(10), { size: 10, type: 'text/plain' })
  }
  const options = { olderThanMs: DAY, dryRun: false }
  expect(await expireRequests(store, { ...options, now: Date.now() }, signal)).toMatchObject({ requests: 0 })
  const later = Date.now() + 2 * DAY
  expect(await expireRequests(store, { ...options, now: later }, signal)).toMatchObject({ requests: 1, objects: 2 })
  expect((await store.list('')).objects.map(({ key }) => key)).toEqual(['reef/files/x'])
})
