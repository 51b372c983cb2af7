import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareNumbers,
  continues,
  isContiguous,
  isNextNumber,
  isSameNumber,
  nextNumber,
  type NumberPair,
  renumberAll,
  ROOT,
} from './numbers.ts'
import { event, events, number, renumber, show, showNumber } from './simulation/notation.ts'

interface NextRow {
  readonly head: string
  readonly clientOnly: boolean
  readonly generation?: number
  readonly seqNum: string
  readonly parent: string
}

const NEXT: readonly NextRow[] = [
  { head: '0', clientOnly: false, seqNum: '1', parent: '0' },
  { head: '0', clientOnly: true, seqNum: '0.1', parent: '0' },
  { head: '3', clientOnly: false, seqNum: '4', parent: '3' },
  { head: '3.2', clientOnly: false, seqNum: '4', parent: '3' },
  { head: '3.2', clientOnly: true, seqNum: '3.3', parent: '3.2' },
  { head: "3.2'", clientOnly: false, seqNum: "4'", parent: "3'" },
  { head: '3', clientOnly: false, generation: 2, seqNum: "4''", parent: '3' },
  { head: '3.2', clientOnly: true, generation: 2, seqNum: "3.3''", parent: '3.2' },
]

describe('the number after a head', () => {
  it.each(NEXT)('is $seqNum with parent $parent after $head (client only: $clientOnly)', (row) => {
    const { seqNum, parentSeqNum } = nextNumber(number(row.head), row.clientOnly, row.generation)
    expect([showNumber(seqNum), showNumber(parentSeqNum)]).toEqual([row.seqNum, row.parent])
  })
})

interface ContinuesRow {
  readonly head: string
  readonly event: string
  readonly parent?: string
  readonly isNext: boolean
  readonly continues: boolean
}

const CONTINUES: readonly ContinuesRow[] = [
  { head: '0', event: 'a1', isNext: true, continues: true },
  { head: '3', event: 'a4', isNext: true, continues: true },
  { head: '3.2', event: 'a4', isNext: true, continues: true },
  { head: '3.2', event: 'a3.3', isNext: true, continues: true },
  { head: '3', event: "a4'", parent: '3', isNext: true, continues: true },
  { head: '3', event: "a4'", isNext: true, continues: false },
  { head: "3'", event: 'a4', isNext: true, continues: false },
  { head: '3.2', event: 'a3.4', isNext: false, continues: false },
  { head: '3.2', event: "a3.3'", isNext: true, continues: false },
  { head: '3', event: 'a3', isNext: false, continues: false },
  { head: '3', event: 'a5', isNext: false, continues: false },
  { head: '3', event: 'a4.1', isNext: false, continues: false },
]

describe('an event after a head', () => {
  it.each(CONTINUES)(
    '$event (parent $parent) after $head: next number $isNext, continues $continues',
    ({ head, event: text, parent, isNext, continues: expected }) => {
      expect(isNextNumber(number(head), event(text, parent))).toBe(isNext)
      expect(continues(number(head), event(text, parent))).toBe(expected)
    },
  )
})

describe('a list of events', () => {
  it.each([
    ['', true],
    ['a3', true],
    ['a3 b4', true],
    ['a3 d3.1 d3.2 b4', true],
    ['a3 b5', false],
    ['a3 b3', false],
    ['a3 d3.2', false],
  ])('"%s" is contiguous: %s', (text, expected) => {
    expect(isContiguous(events(text))).toBe(expected)
  })

  it('is not contiguous across generations', () => {
    expect(isContiguous([event('a3'), event("b4'")])).toBe(false)
    expect(isContiguous([event('a3'), event("b4'", '3')])).toBe(true)
  })
})

describe('renumbering', () => {
  const arbitraryHead = fc.record({
    global: fc.nat(50),
    client: fc.nat(3),
    rebaseGeneration: fc.nat(5),
  })
  const placed = (clientOnly: boolean, id: number) => ({
    name: 'made',
    args: { id },
    clientId: 'c',
    sessionId: 's',
    ...nextNumber(ROOT, clientOnly),
  })

  it('gives a row of events that continues the head, in the same order', () => {
    fc.assert(
      fc.property(arbitraryHead, fc.array(fc.boolean(), { maxLength: 10 }), fc.nat(3), (head, kinds, more) => {
        const list = kinds.map(placed)
        const numbered = renumberAll(head, list, renumber, head.rebaseGeneration + more)
        expect(numbered.map(({ args }) => args)).toEqual(list.map(({ args }) => args))
        expect(numbered.map(({ seqNum }) => seqNum.client > 0)).toEqual(kinds)
        expect(numbered.every(({ seqNum }) => seqNum.rebaseGeneration === head.rebaseGeneration + more)).toBe(true)
        if (numbered.length > 0) expect(continues(head, numbered[0]!)).toBe(true)
        expect(isContiguous(numbered)).toBe(true)
        const order = numbered.map(({ seqNum }) => seqNum)
        expect([...order].sort(compareNumbers)).toEqual(order)
      }),
    )
  })

  it('keeps the generation of the head unless one is given', () => {
    expect(show(renumberAll(number("3'"), events('a1 b2'), renumber))).toBe("a4' b5'")
  })
})

describe('two numbers', () => {
  it('are the same in all three parts only', () => {
    expect(isSameNumber(number("3.1'"), number("3.1'"))).toBe(true)
    for (const other of ["4.1'", "3.2'", '3.1']) expect(isSameNumber(number("3.1'"), number(other))).toBe(false)
  })

  it('are ordered without regard to generations', () => {
    expect(compareNumbers(number('3'), number("3'"))).toBe(0)
    expect(compareNumbers(number("3'"), number('3.1'))).toBeLessThan(0)
    expect(compareNumbers(number('4'), number('3.9'))).toBeGreaterThan(0)
  })

  it('never pair a number with itself as parent', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(3), fc.nat(2), fc.boolean(), (global, client, rebaseGeneration, clientOnly) => {
        const head = { global, client, rebaseGeneration }
        const { seqNum, parentSeqNum }: NumberPair = nextNumber(head, clientOnly)
        expect(compareNumbers(seqNum, head)).toBeGreaterThan(0)
        expect(compareNumbers(parentSeqNum, head)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
