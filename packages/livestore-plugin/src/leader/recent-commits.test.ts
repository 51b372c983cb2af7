import { expect, it } from 'vitest'
import { makeRecentCommits } from './recent-commits.ts'

const commit = (sessionId: string) => ({ clientId: 'device', sessionId })

it('knows what was added and not removed', () => {
  const recent = makeRecentCommits()
  recent.add([commit('a'), commit('b')])
  recent.remove([commit('a')])
  expect(['a', 'b', 'c'].map((id) => recent.has(commit(id)))).toEqual([false, true, false])
  expect(recent.has({ clientId: 'other', sessionId: 'b' })).toBe(false)
  recent.clear()
  expect(recent.has(commit('b'))).toBe(false)
})

it('forgets the oldest', () => {
  const recent = makeRecentCommits(2)
  recent.add([commit('a'), commit('b'), commit('c')])
  expect(['a', 'b', 'c'].map((id) => recent.has(commit(id)))).toEqual([false, true, true])
})
