import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { LiveSet } from './live-set.ts'
import { distrust, verdictOn } from './verdict.ts'

const key = `reef/files/${'a'.repeat(64)}` as RemoteKey
const other = `reef/files/${'b'.repeat(64)}` as RemoteKey
const rules = { graceMs: 100, retentionMs: 1_000 }
const set = (live: RemoteKey[], named: RemoteKey[] = live, logId = 'log'): LiveSet => ({
  logId,
  live: new Set(live),
  named: new Set(named),
})

describe('a content', () => {
  test.each([
    ['live, however old', set([key]), 0, undefined, 10_000, { kind: 'keep' }],
    ['never named, in its grace', set([other]), 0, undefined, 99, { kind: 'keep' }],
    ['never named, after its grace', set([other]), 0, undefined, 100, { kind: 'delete' }],
    ['never named, all files of the log are deleted', set([], [other]), 0, undefined, 100, { kind: 'delete' }],
    ['never named by a log that names nothing', set([]), 0, undefined, 10_000, { kind: 'keep' }],
    ['no longer named, first seen', set([], [key]), 0, undefined, 5_000, { kind: 'wait', goneSince: 5_000 }],
    ['no longer named, in the retention', set([], [key]), 0, 5_000, 5_999, { kind: 'wait', goneSince: 5_000 }],
    ['no longer named, after the retention', set([], [key]), 0, 5_000, 6_000, { kind: 'delete' }],
    ['no longer named, but written again', set([], [key]), 5_500, 5_000, 6_000, { kind: 'wait', goneSince: 5_500 }],
    ['named again', set([key]), 0, 1, 10_000, { kind: 'keep' }],
  ])('%s', (_, liveSet, modifiedAt, goneSince, now, expected) => {
    expect(verdictOn({ key, modifiedAt }, liveSet, goneSince, rules, now)).toEqual(expected)
  })
})

const keys = (letters: string) => [...letters].map((letter) => `reef/files/${letter.repeat(64)}` as RemoteKey)

test.each([
  ['the first run', undefined, set([]), false],
  ['the same', { logId: 'log', namedCount: 1 }, set([key]), false],
  ['a user deleted one file of four', { logId: 'log', namedCount: 4 }, set(keys('abc'), keys('abcd')), false],
  ['users deleted every file', { logId: 'log', namedCount: 4 }, set([], keys('abcd')), false],
  ['the log names a fifth less', { logId: 'log', namedCount: 5 }, set(keys('abcd')), false],
  ['the log names over a fifth less', { logId: 'log', namedCount: 6 }, set(keys('abcd')), true],
  ['the log names nothing', { logId: 'log', namedCount: 1 }, set([]), true],
  ['another log', { logId: 'other', namedCount: 0 }, set([key]), true],
])('distrust: %s', (_, before, liveSet, distrusted) => {
  expect(distrust(before, liveSet) !== undefined).toBe(distrusted)
})
