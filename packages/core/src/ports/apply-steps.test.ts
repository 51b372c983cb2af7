import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { applySteps, readsOf } from './apply-steps.ts'
import { change, decision, type FileRow, put, remove } from './local-index.ts'

const file = (id: string, size = 0): FileRow => ({ id, name: id, type: '', size, remoteKey: '' as RemoteKey })
const grow = change('files', 'a', (row) => file('a', (row?.size ?? 0) + 1))
const before = file('a', 5)

test.each([
  { name: 'nothing', steps: [], row: before, after: before },
  { name: 'put', steps: [put('files', file('a', 1))], row: before, after: file('a', 1) },
  { name: 'remove', steps: [remove('files', 'a')], row: before, after: undefined },
  { name: 'each sees the one before it', steps: [grow, grow], row: before, after: file('a', 7) },
  { name: 'remove, then grow', steps: [remove('files', 'a'), grow], row: before, after: file('a', 1) },
  { name: 'put and remove of none', steps: [grow, remove('files', 'a')], row: undefined, after: undefined },
  { name: 'the same row', steps: [change('files', 'a', (row) => row)], row: before, after: before },
])('$name', ({ steps, row, after }) => {
  const changed = applySteps(steps, { rows: [{ table: 'files', key: 'a', row }], ranges: [] })
  expect(changed).toEqual(row === after ? [] : [{ table: 'files', key: 'a', before: row, after }])
})

describe('a decision', () => {
  const rows = [
    { table: 'files', key: 'a', row: file('a', 1) },
    { table: 'files', key: 'b', row: undefined },
  ] as const

  test('sees what the steps before it changed, by key and in a range', () => {
    const seen: unknown[] = []
    const look = decision([{ table: 'files', key: 'a' }, { table: 'files' }], (read) => {
      seen.push(read.get('files', 'a')?.size, ...read.getAll('files').map(({ id, size }) => `${id}${size}`))
      return [remove('files', 'a')]
    })
    const ranges = [{ range: { table: 'files' }, rows: [file('a', 1), file('c', 3)] }] as const
    applySteps([grow, put('files', file('b', 2)), look, look], { rows, ranges })
    expect(seen).toEqual([2, 'a2', 'b2', 'c3', undefined, 'b2', 'c3'])
  })

  test.each([
    ['reads a row', decision([], (read) => [read.get('files', 'x')].flatMap(() => []))],
    ['reads a range', decision([], (read) => read.getAll('files').flatMap(() => []))],
    ['changes a row', decision([], () => [remove('files', 'x')])],
  ])('that %s which it does not name throws', (_, bad) => {
    expect(() => applySteps([bad], { rows, ranges: [] })).toThrow(/does not name "x?" of files/)
  })
})

test('readsOf names each row and range once, in the order in which the steps do', () => {
  const reads = [
    { table: 'outbox', after: 'r' },
    { table: 'files', key: 'c' },
    { table: 'files', key: 'a' },
  ] as const
  const steps = [
    grow,
    remove('outbox', 'a'),
    decision(reads, () => []),
    put('files', file('b')),
    grow,
    decision(reads, () => []),
  ]
  expect(readsOf(steps)).toEqual({
    keys: [
      { table: 'files', key: 'a' },
      { table: 'outbox', key: 'a' },
      { table: 'files', key: 'c' },
      { table: 'files', key: 'b' },
    ],
    ranges: [{ table: 'outbox', after: 'r' }],
  })
})
