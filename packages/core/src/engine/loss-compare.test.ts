import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { contentsToCompare } from './loss-compare.ts'

const key = (name: string) => `reef/files/${name}` as RemoteKey
const files = (times: Readonly<Record<string, number>>) =>
  Object.entries(times).map(([name, createdAt]) => ({ remoteKey: key(name), createdAt }))
const options = { since: 100, isCandidate: () => true }

test.each([
  { name: 'none but itself', times: { lost: 100 }, chosen: [] },
  {
    name: 'older ones first, the nearest first',
    times: { a: 50, b: 90, c: 10, d: 101, lost: 100 },
    chosen: ['b', 'a', 'c'],
  },
  { name: 'newer ones where there are no older', times: { a: 150, b: 50, c: 110 }, chosen: ['b', 'c', 'a'] },
  { name: 'three at most, ties by key', times: { d: 99, c: 99, b: 99, a: 99 }, chosen: ['a', 'b', 'c'] },
])('compares with $name', ({ times, chosen }) => {
  expect(contentsToCompare(key('lost'), files(times as Record<string, number>), options)).toEqual(chosen.map(key))
})

test('leaves out what is no candidate, and counts content of several files once, by its first file', () => {
  const list = [...files({ a: 120, suspect: 99 }), ...files({ a: 40, b: 60 })]
  const isCandidate = (other: RemoteKey) => other !== key('suspect')
  expect(contentsToCompare(key('lost'), list, { since: 100, isCandidate })).toEqual([key('b'), key('a')])
})
