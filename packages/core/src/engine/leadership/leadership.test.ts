import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DUTIES, type Leadership, type LeadershipInput, nextLeadership } from './leadership.ts'

const INPUTS: readonly LeadershipInput[] = [
  'visible',
  'hidden',
  'frozen',
  'granted',
  'stolen',
  'failed',
  'rested',
  'alive',
  'silent',
  'late',
]
const STATES = Object.keys(DUTIES) as Leadership[]

/** As the document has it: a row for each state, in it the state after each input; `·` for the same one. */
const TABLE = new Map(
  readFileSync(new URL('../../../../../docs/concepts/leadership.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('·'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    .map(([state, ...cells]) => [state, cells]),
)

describe.each(STATES)('%s', (state) => {
  const cells = TABLE.get(state) ?? []
  test.each(INPUTS.map((input, i) => [input, cells[i] === '·' ? state : cells[i]] as const))(
    '%s: %s',
    (input, after) => {
      expect(nextLeadership(state, input)).toBe(after)
    },
  )
})

test('the document has a row for each state, and no other', () => {
  expect([...TABLE.keys()]).toEqual(STATES)
})

const after = (start: Leadership, ...inputs: readonly LeadershipInput[]): Leadership =>
  inputs.reduce(nextLeadership, start)

test('a visible follower steals the lock after three intervals without a sign of life, and not before', () => {
  expect(after('frozen', 'visible', 'silent', 'silent')).toBe('missedTwo')
  expect(after('frozen', 'visible', 'silent', 'silent', 'silent')).toBe('claiming')
  expect(after('frozen', 'visible', 'silent', 'silent', 'alive', 'silent', 'silent')).toBe('missedTwo')
})

test('a follower that stood still itself starts to count again', () => {
  expect(after('missedTwo', 'late', 'silent')).toBe('missedOne')
})

test('a hidden follower never suspects the leader', () => {
  expect(after('missedTwo', 'hidden', 'silent', 'silent', 'silent', 'visible')).toBe('watching')
})

test('a leader whose lock was stolen stands again as a follower', () => {
  expect(after('leading', 'stolen', 'visible')).toBe('watching')
  expect(after('leading', 'stolen', 'hidden', 'granted')).toBe('leading')
})

test('only those who steal take the lock by force, and only those who watch ask', () => {
  expect(STATES.filter((state) => DUTIES[state].lock === 'steal')).toEqual(['claiming'])
  expect(STATES.filter((state) => DUTIES[state].asks)).toEqual(['watching', 'missedOne', 'missedTwo'])
})

test('each state but a frozen one leads to leading', () => {
  const reach = (from: Leadership): ReadonlySet<Leadership> => {
    const seen = new Set<Leadership>([from])
    for (const state of seen) for (const input of INPUTS) seen.add(nextLeadership(state, input))
    return seen
  }
  for (const state of STATES) expect(reach(state)).toContain('leading')
})
