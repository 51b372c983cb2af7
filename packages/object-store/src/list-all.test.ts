import { expect, test } from 'vitest'
import { listAll } from './list-all.ts'
import type { ListedObject, ListOptions, ObjectPage } from './object-store.ts'

const object = (key: string): ListedObject => ({ key, size: 1, modifiedAt: 0, etag: '"e"' })

/** A page may be empty and still have a cursor: S3 may return one. */
const PAGES: Readonly<Record<string, ObjectPage>> = {
  first: { objects: [object('reef/a'), object('reef/b')], cursor: 'second' },
  second: { objects: [], cursor: 'third' },
  third: { objects: [object('reef/c')] },
}

const pagedStore = () => {
  const calls: (readonly [prefix: string, options: ListOptions])[] = []
  const list = async (prefix: string, options: ListOptions = {}) => {
    calls.push([prefix, options])
    return PAGES[options.cursor ?? 'first']!
  }
  return { list, calls }
}

test('returns the objects of every page, in order', async () => {
  const { list, calls } = pagedStore()
  const { signal } = new AbortController()
  const keys: string[] = []
  for await (const { key } of listAll({ list }, 'reef/', { signal })) keys.push(key)
  expect(keys).toEqual(['reef/a', 'reef/b', 'reef/c'])
  expect(calls).toEqual([
    ['reef/', { signal }],
    ['reef/', { signal, cursor: 'second' }],
    ['reef/', { signal, cursor: 'third' }],
  ])
})

test('reads no further page when the reader stops', async () => {
  const { list, calls } = pagedStore()
  for await (const { key } of listAll({ list }, 'reef/')) if (key === 'reef/b') break
  expect(calls).toEqual([['reef/', {}]])
})
