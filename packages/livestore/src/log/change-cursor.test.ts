import type { ChangeCursor } from '@rockpool/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placesToRemember, readCursor, resumeAt, writeCursor } from './change-cursor.ts'

describe('change cursor', () => {
  it.each([
    [0, []],
    [1, [1]],
    [3, [1, 2, 3]],
    [17, Array.from({ length: 17 }, (_, i) => i + 1)],
    [1_000, [488, 744, 872, 936, 968, ...Array.from({ length: 17 }, (_, i) => i + 984)]],
  ])('at %i remembers the last places and then ever fewer', (seq, places) => {
    expect(placesToRemember(seq)).toEqual(places)
  })

  it.each([
    ['nothing changed', 'abcd', { seq: 4, rolledBack: [] }],
    ['more came', 'abcdef', { seq: 4, rolledBack: [] }],
    ['the last one moved', 'abcXd', { seq: 3, rolledBack: ['D'] }],
    ['two moved', 'abXcd', { seq: 2, rolledBack: ['C', 'D'] }],
    ['the last one was lost', 'abc', { seq: 3, rolledBack: ['D'] }],
    ['the last place looks the same, one before it does not', 'abXd', { seq: 2, rolledBack: ['C', 'D'] }],
    ['another log', 'wxyz', { seq: 0, rolledBack: ['A', 'B', 'C', 'D'] }],
    ['an empty log', '', { seq: 0, rolledBack: ['A', 'B', 'C', 'D'] }],
  ])('%s', (_, log, expected) => {
    const places = [...'abcd'].map((opId, i) => ({ seq: i + 1, opId, subject: opId.toUpperCase() }))
    expect(resumeAt(readCursor(writeCursor(places)), (seq) => log[seq - 1])).toEqual(expected)
  })

  it('starts over with a cursor that is not one', () => {
    for (const text of ['', 'e12', '{}', 'null']) expect(readCursor(text as ChangeCursor)).toEqual([])
  })

  it('keeps a reader up to date through any appends and rebases', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({
        do: fc.constant('rebase' as const),
        back: fc.nat({ max: 120 }),
        count: fc.integer({ min: 1, max: 40 }),
      }),
      fc.record({ do: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 50 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        // A log of operations on 7 subjects; what the reader must know of a subject is its operations in their order.
        let log: string[] = []
        let count = 0
        const fresh = (length: number) => Array.from({ length }, () => `${count % 7}:${count++}`)
        const subjectOf = (opId: string) => opId[0]!
        const read = (subject: string) => log.filter((opId) => subjectOf(opId) === subject).join()

        const seen = new Map<string, string>()
        let cursor: ChangeCursor | undefined
        const readChanges = (limit: number) => {
          const { seq, rolledBack } = resumeAt(readCursor(cursor), (place) => log[place - 1])
          const operations = log.slice(seq, seq + limit)
          for (const subject of [...rolledBack, ...operations.map(subjectOf)]) seen.set(subject, read(subject))
          cursor = writeCursor(
            placesToRemember(seq + operations.length).map((place) => {
              const opId = log[place - 1]!
              return { seq: place, opId, subject: subjectOf(opId) }
            }),
          )
          return log.length > seq + limit
        }

        for (const todo of steps) {
          if (todo.do === 'append') log.push(...fresh(todo.count))
          if (todo.do === 'read') readChanges(todo.limit)
          if (todo.do === 'rebase') {
            const pending = log.splice(Math.max(0, log.length - todo.back))
            log.push(...fresh(todo.count), ...pending)
          }
        }
        while (readChanges(50));
        for (const subject of new Set(log.map(subjectOf))) expect(seen.get(subject)).toBe(read(subject))
      }),
      { numRuns: 500 },
    )
  })
})
