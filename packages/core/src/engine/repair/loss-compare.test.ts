import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { contentsToCompare } from './loss-compare.ts'

const key = (name: string) => `reef/files/${name}` as RemoteKey
const files = (times: Readonly<Record<string, number>>) =>
  Object.entries(times).map(([name, createdAt]) => ({ remoteKey: key(name), createdAt }))
const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${String(i).padStart(2, '0')}`, i]))
const options = { since: 100, isCandidate: () => true }

test.each([
  { name: 'nothing in a store of a few files', times: { a: 1, b: 2, c: 3, lost: 100 }, chosen: [] },
  { name: 'all that is older', times: { a: 50, b: 90, c: 10, d: 100, lost: 100 }, chosen: ['c', 'a', 'b', 'd'] },
  { name: 'some of all that is older', times: { ...many, later: 200 }, chosen: ['f03', 'f07', 'f11', 'f15', 'f19'] },
  {
    name: 'newer ones where there are few older',
    times: { a: 150, b: 50, c: 110, d: 120, e: 130, f: 140 },
    chosen: ['b', 'c', 'd', 'e', 'f'],
  },
  { name: 'equally old ones by key', times: { d: 99, c: 99, b: 99, a: 99 }, chosen: ['a', 'b', 'c', 'd'] },
])('compares with $name', ({ times, chosen }) => {
  expect(contentsToCompare(key('lost'), files(times as Record<string, number>), options)).toEqual(chosen.map(key))
})

test('leaves out what is no candidate, and counts content of several files once, by its first file', () => {
  const list = [...files({ a: 120, other: 99, x: 1, y: 2 }), ...files({ a: 40, b: 60 })]
  const isCandidate = (each: RemoteKey) => each !== key('other')
  expect(contentsToCompare(key('lost'), list, { since: 100, isCandidate })).toEqual(['x', 'y', 'a', 'b'].map(key))
})
