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
    ['never named by a log that names nothing now', set([]), 0, undefined, 10_000, { kind: 'keep' }],
    ['no longer named, first seen', set([], [key]), 0, undefined, 5_000, { kind: 'wait', goneSince: 5_000 }],
    ['no longer named, in the retention', set([], [key]), 0, 5_000, 5_999, { kind: 'wait', goneSince: 5_000 }],
    ['no longer named, after the retention', set([], [key]), 0, 5_000, 6_000, { kind: 'delete' }],
    ['no longer named, but written again', set([], [key]), 5_500, 5_000, 6_000, { kind: 'wait', goneSince: 5_500 }],
    ['named again', set([key]), 0, 1, 10_000, { kind: 'keep' }],
  ])('%s', (_, liveSet, modifiedAt, goneSince, now, expected) => {
    expect(verdictOn({ key, modifiedAt }, liveSet, goneSince, rules, now)).toEqual(expected)
  })
})

test.each([
  ['the first run', undefined, set([]), false],
  ['the same', { logId: 'log', liveCount: 1 }, set([key]), false],
  ['fewer by a fifth', { logId: 'log', liveCount: 5 }, set(['a', 'b', 'c', 'd'] as RemoteKey[]), false],
  ['fewer by more', { logId: 'log', liveCount: 6 }, set(['a', 'b', 'c', 'd'] as RemoteKey[]), true],
  ['all gone', { logId: 'log', liveCount: 1 }, set([]), true],
  ['another log', { logId: 'other', liveCount: 0 }, set([key]), true],
])('distrust after %s', (_, before, liveSet, distrusted) => {
  expect(distrust(before, liveSet) !== undefined).toBe(distrusted)
})
