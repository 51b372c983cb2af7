import { expect, test } from 'vitest'
import type { FileVersion } from '../../records/record.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { newConflicts } from './new-conflicts.ts'

const make = eventMaker('reef', 'op')
const version = (id: string, conflict = false): FileVersion => ({
  id,
  fileId: 'f1',
  remoteKey: make.key(1),
  size: 1,
  type: 'text/plain',
  at: 1,
  conflict,
})

test.each<[string, readonly FileVersion[], readonly string[], readonly string[]]>([
  ['no versions', [], ['c'], []],
  ['replaced in peace', [version('b'), version('a')], ['b'], []],
  ['replaced by an event of now', [version('b'), version('a', true)], ['b'], ['a']],
  ['replaced long ago, renamed now', [version('b'), version('a', true)], ['x'], []],
  ['one now, one long ago', [version('c'), version('b', true), version('a', true)], ['c'], ['b']],
  ['both now', [version('c'), version('b', true), version('a', true)], ['b', 'c'], ['b', 'a']],
])('%s', (_, versions, opIds, expected) => {
  expect(newConflicts(versions, new Set(opIds)).map(({ id }) => id)).toEqual(expected)
})
