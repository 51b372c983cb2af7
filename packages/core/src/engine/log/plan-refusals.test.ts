import { describe, expect, test } from 'vitest'
import type { OutboxRow } from '../../ports/local-index.ts'
import type { PoolEvent } from '../../records/events.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { outboxRow, refusedRow } from './outbox-row.ts'
import { planRefusals } from './plan-refusals.ts'

const NOW = 7_000

interface Case {
  readonly name: string
  readonly outbox: (make: ReturnType<typeof eventMaker>) => readonly PoolEvent[]
  /** codes by place in the outbox */
  readonly refuse: Readonly<Record<number, string>>
  /** places of rows that were refused before, with the code of each */
  readonly before?: Readonly<Record<number, string>>
  /** places that wait for a person then, with what is in their events beside the row's own */
  readonly refused: Readonly<Record<number, object>>
  readonly gone?: readonly number[]
}

const cases: readonly Case[] = [
  {
    name: 'one event is refused, the others stay',
    outbox: (make) => [make.added('f1'), make.added('f2')],
    refuse: { 1: 'bad_meta' },
    refused: { 1: {} },
  },
  {
    name: 'an event that is not in the outbox is ignored',
    outbox: (make) => [make.added('f1')],
    refuse: {},
    refused: {},
  },
  {
    name: 'an event that was refused before is not refused again',
    outbox: (make) => [make.added('f1')],
    before: { 0: 'forbidden' },
    refuse: { 0: 'forbidden' },
    refused: {},
  },
  {
    name: 'a refused rename of a file that was taken is by itself',
    outbox: (make) => [make.added('f1'), make.renamed('f1', 'x')],
    refuse: { 1: 'bad_name' },
    refused: { 1: {} },
  },
  {
    name: 'a refused file has the later changes that the server takes',
    outbox: (make) => [
      make.added('f1'),
      make.renamed('f1', 'x'),
      make.metaSet('f1', { a: 1 }),
      make.renamed('f1', 'y'),
    ],
    refuse: { 0: 'forbidden' },
    refused: { 0: { name: 'y', meta: { a: 1 } } },
  },
  {
    name: 'a refused file has the new content',
    outbox: (make) => [make.added('f1'), make.replaced('f1', { size: 9, type: 'image/gif' })],
    refuse: { 0: 'forbidden', 1: 'forbidden' },
    refused: { 0: { size: 9, type: 'image/gif', remoteKey: eventMaker('store', '').key(2) } },
    gone: [1],
  },
  {
    name: 'a quota that refuses a file and what was done to it leaves one decision',
    outbox: (make) => [make.added('f1'), make.renamed('f1', 'x'), make.stored(make.key(1))],
    refuse: { 0: 'quota_exceeded', 1: 'quota_exceeded', 2: 'quota_exceeded' },
    refused: { 0: { name: 'x' } },
    gone: [1, 2],
  },
  {
    name: 'changes of other files are not mixed in',
    outbox: (make) => [make.added('f1'), make.added('f2'), make.renamed('f2', 'x')],
    refuse: { 0: 'forbidden' },
    refused: { 0: { name: 'f1.jpg' } },
  },
  {
    name: 'a rename with a fault of its own is by itself, and not in the file',
    outbox: (make) => [make.added('f1'), make.renamed('f1', 'a/b')],
    refuse: { 0: 'quota_exceeded', 1: 'bad_name' },
    refused: { 0: { name: 'f1.jpg' }, 1: { name: 'a/b' } },
  },
  {
    name: 'a refused file that was removed since leaves nothing to decide',
    outbox: (make) => [make.added('f1'), make.deleted('f1')],
    refuse: { 0: 'quota_exceeded' },
    refused: {},
    gone: [0],
  },
  {
    name: 'a refused file that was removed and restored is still one',
    outbox: (make) => [make.added('f1'), make.deleted('f1'), make.restored('f1')],
    refuse: { 0: 'quota_exceeded' },
    refused: { 0: {} },
  },
  {
    name: 'what a file refused before already has goes',
    outbox: (make) => [make.renamed('f1', 'x'), make.stored(make.key(1)), make.added('f1')],
    before: { 2: 'quota_exceeded' },
    refuse: { 0: 'quota_exceeded', 1: 'quota_exceeded' },
    refused: {},
    gone: [0, 1],
  },
  {
    name: 'word about the content of a file that was taken is by itself',
    outbox: (make) => [make.stored(make.key(1))],
    refuse: { 0: 'quota_exceeded' },
    refused: { 0: {} },
  },
  {
    name: 'word about the new content of a file goes with it',
    outbox: (make) => [make.replaced('f1'), make.stored(make.key(2)), make.stored(make.key(1))],
    refuse: { 0: 'quota_exceeded', 1: 'quota_exceeded', 2: 'quota_exceeded' },
    refused: { 0: {}, 2: {} },
    gone: [1],
  },
]

describe('planRefusals', () => {
  test.each(cases)('$name', ({ outbox, refuse, before = {}, refused, gone = [] }) => {
    const rows = outbox(eventMaker('store', 'op')).map((event, i): OutboxRow => {
      const row = outboxRow(event, 1_000 + i)
      return before[i] ? refusedRow(row, { code: before[i], message: 'Before.', at: 1 }) : row
    })
    const refusals = new Map(
      Object.entries({ ...refuse }).map(([place, code]) => {
        const { opId } = rows[Number(place)]!.event
        return [opId, { opId, code, message: `About ${code}.` }]
      }),
    )
    refusals.set('elsewhere', { opId: 'elsewhere', code: 'forbidden', message: 'No row.' })
    const plan = planRefusals(rows, refusals, NOW)
    expect(plan.gone).toEqual(gone.map((place) => rows[place]))
    expect(plan.refused).toEqual(
      Object.entries(refused).map(([place, args]) => {
        const from = rows[Number(place)]!
        const code = refuse[Number(place)]!
        const to = {
          id: `refused:${from.id}`,
          event: { ...from.event, args: { ...from.event.args, ...args } },
          refused: { code, message: `About ${code}.`, at: NOW },
        }
        return { from, to }
      }),
    )
  })

  test('refused rows sort behind all others, in their order', () => {
    const make = eventMaker('store', 'op')
    const [first, second] = [outboxRow(make.added('f1'), 1_000), outboxRow(make.added('f2'), 2_000)]
    const mark = { code: 'forbidden', message: 'No.', at: 3 }
    const later = outboxRow(make.added('f3'), Number.MAX_SAFE_INTEGER)
    const ids = [refusedRow(second, mark).id, later.id, refusedRow(first, mark).id].toSorted()
    expect(ids).toEqual([later.id, refusedRow(first, mark).id, refusedRow(second, mark).id])
  })
})
