import { expect, test } from 'vitest'
import type { TransferDirection, TransferRow } from '../../ports/local-index.ts'
import { sampleTransfer as row } from '../../testing/sample-transfer.ts'
import { type Lane, nextTransfers, type QueueView } from './next-transfers.ts'

const PART = 1_000
const HUGE = 3_000_000_000
const now = 1_000

const look = (rows: readonly TransferRow[], view: Partial<QueueView> = {}) =>
  nextTransfers({
    rows: new Map(rows.map((each) => [each.id, each])),
    running: new Map(),
    paused: false,
    dueIn: ({ notBefore }) => Math.max(0, notBefore - now),
    isFreed: () => false,
    partSize: PART,
    ...view,
  })
const runningAs = (lane: Lane, ids: readonly string[], direction: TransferDirection = 'upload') =>
  new Map(ids.map((id) => [id, { direction, lane }]))
const refused = (name: string, over: Partial<TransferRow> = {}) =>
  row(name, { state: 'blocked', error: { code: 'forbidden', message: '' }, ...over })
const stopped = (name: string) => row(name, { state: 'blocked', error: { code: 'aborted', message: '' } })

const cases: {
  name: string
  rows: TransferRow[]
  view?: Partial<QueueView>
  start?: string[]
  stop?: string[]
  wakeIn?: number
}[] = [
  { name: 'nothing to do', rows: [] },
  { name: 'the oldest first', rows: [row('b', { createdAt: 2 }), row('a', { createdAt: 1 })], start: ['a', 'b'] },
  { name: 'the smaller first of two of one age', rows: [row('b', { size: 900 }), row('a')], start: ['a', 'b'] },
  {
    name: 'a small file before a huge one that is a little older',
    rows: [row('huge', { size: HUGE }), row('small', { createdAt: 60_000 })],
    start: ['small', 'huge'],
  },
  {
    name: 'a huge file before small ones that came an hour later',
    rows: [row('small', { createdAt: 3_600_000 }), row('huge', { size: HUGE })],
    start: ['huge', 'small'],
  },
  {
    name: 'what somebody opened last before all others',
    rows: [row('a'), row('b', { lookedAt: 1, createdAt: 8 }), row('c', { lookedAt: 2, createdAt: 9 })],
    start: ['c', 'b', 'a'],
  },
  {
    name: 'the same order however the rows come',
    rows: [row('b'), row('a'), row('c')],
    start: ['a', 'b', 'c'],
  },
  {
    name: 'four small files in each direction at a time',
    rows: ['a', 'b', 'c', 'd', 'e'].flatMap((id) => [row(id), row(`${id}'`, { direction: 'download' })]),
    start: ['a', 'b', 'c', 'd', "a'", "b'", "c'", "d'"],
  },
  {
    name: 'three large files in each direction at a time',
    rows: ['a', 'b', 'c', 'd', 'e'].map((id) => row(id, { size: PART + 1 })),
    start: ['a', 'b', 'c'],
  },
  {
    name: 'a small file beside three huge ones',
    rows: [...['a', 'b', 'c', 'd'].map((id) => row(id, { size: HUGE })), row('small', { createdAt: 9e9 })],
    view: { running: runningAs('any', ['a', 'b', 'c']) },
    start: ['small'],
  },
  {
    name: 'no fifth small file',
    rows: ['a', 'b', 'c', 'd', 'e'].map((id) => row(id)),
    view: { running: new Map([...runningAs('any', ['a', 'b', 'c']), ...runningAs('small', ['d'])]) },
  },
  {
    name: 'no download in place of an upload',
    rows: ['a', 'b', 'c', 'd', 'e'].map((id) => row(id)),
    view: { running: runningAs('any', ['x', 'y'], 'download') },
    start: ['a', 'b', 'c', 'd'],
    stop: ['x', 'y'],
  },
  {
    name: 'what waits for a time wakes the queue then',
    rows: [row('a', { notBefore: 5_000 }), row('b', { notBefore: 3_000 })],
    wakeIn: 2_000,
  },
  { name: 'what is due now starts', rows: [row('a', { notBefore: now })], start: ['a'] },
  { name: 'what a person stopped does not start', rows: [stopped('a')] },
  {
    name: 'one refused transfer at a time starts when it is due, after the others',
    rows: [refused('a'), refused('b'), refused('c', { notBefore: 5_000 }), row('d', { createdAt: 9 })],
    start: ['d', 'a'],
    wakeIn: 4_000,
  },
  {
    name: 'a refused transfer starts beside full lanes, and no second one',
    rows: [...['a', 'b', 'c'].map((id) => row(id, { size: HUGE })), refused('d'), refused('e')],
    view: { running: runningAs('any', ['a', 'b', 'c']) },
    start: ['d'],
  },
  {
    name: 'a refused transfer waits while another one is tried',
    rows: [refused('a'), refused('b')],
    view: { running: runningAs('refused', ['a']) },
  },
  {
    name: 'refused transfers start as others do when one like them has succeeded',
    rows: [refused('a'), refused('b'), refused('c')],
    view: { isFreed: ({ id }) => id !== 'c' },
    start: ['a', 'b', 'c'],
  },
  {
    name: 'paused, what runs stops',
    rows: [row('a'), row('b')],
    view: { paused: true, running: runningAs('any', ['a']) },
    stop: ['a'],
  },
  {
    name: 'what nobody wants any more stops, and its lane is free',
    rows: [row('b'), row('c'), row('d'), row('e')],
    view: { running: runningAs('any', ['a']) },
    start: ['b', 'c', 'd', 'e'],
    stop: ['a'],
  },
  {
    name: 'what a person stopped while it ran stops',
    rows: [stopped('a')],
    view: { running: runningAs('any', ['a']) },
    stop: ['a'],
  },
]

test.each(cases)('$name', ({ rows, view, start = [], stop = [], wakeIn }) => {
  const plan = look(rows, view)
  expect(plan.start.map(({ row: { id } }) => id)).toEqual(start)
  expect(plan.stop).toEqual(stop)
  expect(plan.wakeIn).toBe(wakeIn)
})

test('large files take no lane of small ones', () => {
  const plan = look([row('huge', { size: HUGE }), row('small')])
  expect(plan.start).toMatchObject([{ lane: 'small' }, { lane: 'any' }])
})

test('no row is read while every lane is taken', () => {
  const running = new Map(
    (['upload', 'download'] as const).flatMap((direction) =>
      (['any', 'any', 'any', 'small', 'refused'] as const).map((lane, i) => [`${direction} ${i}`, { direction, lane }]),
    ),
  )
  const rows = [...running.keys()].map((id) => row(id))
  const dueIn = () => expect.fail('A row was read.')
  const plan = look([...rows, row('waits', { notBefore: 9_000 })], { running, dueIn })
  expect(plan).toEqual({ start: [], stop: [], wakeIn: undefined })
})
