import { describe, expect, it } from 'vitest'
import type { LogEvent } from './event.ts'
import { type AppendPlan, planAppend, unknownCommits } from './plan-append.ts'

/** Events are letters here; the log is `abcd`. */
const LOG = [...'abcd']

describe('planAppend', () => {
  it.each<[string, number, string, AppendPlan]>([
    ['new events at the head', 4, 'ef', { kind: 'append', firstNew: 0 }],
    ['a repeat of the last events', 2, 'cd', { kind: 'append', firstNew: 2 }],
    ['a repeat of events in the middle', 1, 'bc', { kind: 'append', firstNew: 2 }],
    ['a repeat of the whole log', 0, 'abcd', { kind: 'append', firstNew: 4 }],
    ['a repeat with more events after it', 2, 'cdef', { kind: 'append', firstNew: 2 }],
    ['another first event', 0, 'x', { kind: 'conflict', common: 0 }],
    ['another event after a common one', 1, 'bxd', { kind: 'conflict', common: 2 }],
    ['another last event', 3, 'xef', { kind: 'conflict', common: 3 }],
    ['a fork that is longer than the log', 2, 'cxyz', { kind: 'conflict', common: 3 }],
    ['a parent above the head', 5, 'f', { kind: 'parent_ahead' }],
  ])('%s', (_, parent, pushed, plan) => {
    const stored = LOG.slice(parent, parent + pushed.length)
    expect(planAppend({ parent, head: LOG.length, pushed: [...pushed], stored, isSame: (a, b) => a === b })).toEqual(
      plan,
    )
  })
})

describe('unknownCommits', () => {
  const commit = (sessionId: string, argsJson = '{}', seqNum = 1): LogEvent => ({
    name: 'noted',
    argsJson,
    seqNum,
    clientId: 'device',
    sessionId,
  })
  const between = [commit('s#1'), commit('s#2', '{"a":1,"b":2}'), commit('s#1', '"another"')]

  it.each<[string, LogEvent, boolean]>([
    ['a commit of another id', commit('s#3'), true],
    ['a commit that the log holds under another number', commit('s#1', '{}', 9), false],
    ['the second commit of an id', commit('s#1', '"another"'), false],
    ['a commit whose keys have another order', commit('s#2', '{"b":2,"a":1}'), false],
    ['a commit of a known id with other content', commit('s#1', '"third"'), true],
  ])('%s', (_, pushed, isUnknown) => {
    expect(unknownCommits([pushed], between)(pushed)).toBe(isUnknown)
  })
})
