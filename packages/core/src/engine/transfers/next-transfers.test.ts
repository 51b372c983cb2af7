import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { TransferDirection, TransferRow } from '../../ports/index-port.ts'
import { nextTransfers } from './next-transfers.ts'

const row = (name: string, over: Partial<TransferRow> = {}): TransferRow => ({
  id: name,
  direction: 'upload',
  remoteKey: name as RemoteKey,
  size: 1,
  type: 'text/plain',
  state: 'waiting',
  attempts: 0,
  notBefore: 0,
  error: null,
  uploadId: null,
  createdAt: 0,
  ...over,
})
const may = { online: true, paused: false }
const now = 1_000

const cases: {
  name: string
  rows: TransferRow[]
  running?: [string, TransferDirection][]
  may?: { online: boolean; paused: boolean }
  start?: string[]
  stop?: string[]
  wakeAt?: number
}[] = [
  { name: 'nothing to do', rows: [] },
  { name: 'oldest first', rows: [row('b', { createdAt: 2 }), row('a', { createdAt: 1 })], start: ['a', 'b'] },
  {
    name: 'three uploads and three downloads at a time',
    rows: ['a', 'b', 'c', 'd'].flatMap((id) => [row(id), row(`${id}'`, { direction: 'download' })]),
    start: ['a', "a'", 'b', "b'", 'c', "c'"],
  },
  {
    name: 'what runs takes its slot',
    rows: ['a', 'b', 'c', 'd'].map((id) => row(id)),
    running: [
      ['a', 'upload'],
      ['b', 'upload'],
    ],
    start: ['c'],
  },
  {
    name: 'what waits for a time wakes the queue then',
    rows: [row('a', { notBefore: 5_000 }), row('b', { notBefore: 3_000 })],
    wakeAt: 3_000,
  },
  { name: 'what is due now starts', rows: [row('a', { notBefore: now })], start: ['a'] },
  { name: 'blocked ones wait for a person', rows: [row('a', { state: 'blocked' })] },
  {
    name: 'offline, nothing starts and what runs goes on',
    rows: [row('a'), row('b')],
    running: [['a', 'upload']],
    may: { online: false, paused: false },
  },
  {
    name: 'paused, what runs stops',
    rows: [row('a'), row('b')],
    running: [['a', 'upload']],
    may: { online: true, paused: true },
    stop: ['a'],
  },
  {
    name: 'what nobody wants any more stops, and its slot is free',
    rows: [row('b'), row('c'), row('d')],
    running: [['a', 'upload']],
    start: ['b', 'c', 'd'],
    stop: ['a'],
  },
  {
    name: 'what was blocked while it ran stops',
    rows: [row('a', { state: 'blocked' })],
    running: [['a', 'upload']],
    stop: ['a'],
  },
]

test.each(cases)('$name', ({ rows, running = [], may: allowed = may, start = [], stop = [], wakeAt }) => {
  const plan = nextTransfers(rows, new Map(running), now, allowed)
  expect(plan.start.map(({ id }) => id)).toEqual(start)
  expect(plan.stop).toEqual(stop)
  expect(plan.wakeAt).toBe(wakeAt)
})
