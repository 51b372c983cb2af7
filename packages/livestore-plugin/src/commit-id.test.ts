import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitIds, isSameCommit, randomPart, hasSameContent } from './commit-id.ts'
import type { NumberedEvent } from './numbers.ts'
import { event } from './simulation/notation.ts'

describe('ids of commits', () => {
  it('keep the session id, and are never the same twice', () => {
    const [first, second] = [commitIds('tab', () => 'p1'), commitIds('tab', () => 'p2')]
    const ids = [...Array.from({ length: 100 }, first), ...Array.from({ length: 100 }, second)]
    expect(ids[0]).toBe('tab#p1.0')
    expect(ids[99]).toBe('tab#p1.2r')
    expect(new Set(ids).size).toBe(200)
  })

  it('have a random part that fits the suffix', () => {
    for (let index = 0; index < 100; index++) expect(randomPart()).toMatch(/^[0-9a-z]{1,6}$/)
  })
})

interface Row {
  readonly rule: string
  readonly change: Partial<NumberedEvent>
  /** whether it is the same commit with an id, and without one */
  readonly withId: boolean
  readonly withoutId: boolean
}

const at = (text: string) => ({ seqNum: event(text).seqNum, parentSeqNum: event(text).parentSeqNum })

const ROWS: readonly Row[] = [
  { rule: 'a copy', change: {}, withId: true, withoutId: true },
  { rule: 'another number', change: at('a7'), withId: true, withoutId: false },
  { rule: 'another client number', change: at('a3.1'), withId: true, withoutId: false },
  { rule: 'another generation', change: at("a3'"), withId: true, withoutId: true },
  { rule: 'other args', change: { args: { id: 'b' } }, withId: false, withoutId: false },
  { rule: 'another name', change: { name: 'other' }, withId: false, withoutId: false },
  { rule: 'another client', change: { clientId: 'other' }, withId: false, withoutId: false },
  { rule: 'another commit of the session', change: { sessionId: 'tab#page.1' }, withId: false, withoutId: false },
]

describe('an event and', () => {
  const withId = { ...event('a3'), sessionId: 'tab#page.0' }
  const withoutId = { ...withId, sessionId: 'tab' }

  it.each(ROWS)('$rule: the same commit with an id $withId, without one $withoutId', (row) => {
    expect(isSameCommit(withId, { ...withId, ...row.change })).toBe(row.withId)
    expect(isSameCommit(withoutId, { ...withoutId, ...row.change })).toBe(row.withoutId)
  })
})

describe('args', () => {
  const args = (value: unknown): NumberedEvent => ({ ...event('a3'), args: value })

  it.each([
    [undefined, undefined, true],
    [{}, undefined, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: [] }, { a: {} }, false],
    [{ a: null }, {}, false],
    [{ a: new Date(0) }, { a: '1970-01-01T00:00:00.000Z' }, true],
    [{ a: '1' }, { a: 1 }, false],
  ])('%j and %j say the same: %s', (left, right, expected) => {
    expect(hasSameContent(args(left), args(right))).toBe(expected)
    expect(hasSameContent(args(right), args(left))).toBe(expected)
  })

  it('have the same content after a way through JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hasSameContent(args(value), args(JSON.parse(JSON.stringify(value))))).toBe(true)
      }),
    )
  })
})
