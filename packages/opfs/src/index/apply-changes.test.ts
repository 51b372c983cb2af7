import { change, type FileRow, put, remove } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { applyChanges, keysOf } from './apply-changes.ts'

const file = (id: string, size = 0): FileRow => ({ id, name: id, type: '', size, remoteKey: '' as RemoteKey })
const grow = change('files', 'a', (row) => file('a', (row?.size ?? 0) + 1))
const before = file('a', 5)

test.each([
  { name: 'nothing', changes: [], row: before, after: before },
  { name: 'put', changes: [put('files', file('a', 1))], row: before, after: file('a', 1) },
  { name: 'remove', changes: [remove('files', 'a')], row: before, after: undefined },
  { name: 'each sees the one before it', changes: [grow, grow], row: before, after: file('a', 7) },
  { name: 'remove, then grow', changes: [remove('files', 'a'), grow], row: before, after: file('a', 1) },
  { name: 'put and remove of none', changes: [grow, remove('files', 'a')], row: undefined, after: undefined },
  { name: 'the same row', changes: [change('files', 'a', (row) => row)], row: before, after: before },
])('$name', ({ changes, row, after }) => {
  const changed = applyChanges(changes, [{ table: 'files', key: 'a', row }])
  expect(changed).toEqual(row === after ? [] : [{ table: 'files', key: 'a', before: row, after }])
})

test('keysOf names each row once, in the order of first change', () => {
  expect(keysOf([grow, remove('outbox', 'a'), put('files', file('b')), grow])).toEqual([
    { table: 'files', key: 'a' },
    { table: 'outbox', key: 'a' },
    { table: 'files', key: 'b' },
  ])
})
