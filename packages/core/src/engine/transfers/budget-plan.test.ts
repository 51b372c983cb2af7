import { expect, test } from 'vitest'
import { type BudgetState, type ConnectionKind, grant, IDLE, released } from './budget-plan.ts'

const LIMITS = { connections: 6, bytes: 64 }

/** Needs of 8 bytes in this order; ids count from 0. */
const waiting = (...kinds: readonly ConnectionKind[]): BudgetState['waiting'] =>
  kinds.map((kind, id) => ({ id, kind, bytes: 8 }))
const repeat = (kind: ConnectionKind, times: number): ConnectionKind[] => Array.from({ length: times }, () => kind)

const cases: { name: string; state: Partial<BudgetState>; limits?: typeof LIMITS; granted: number[] }[] = [
  { name: 'nobody waits', state: {}, granted: [] },
  { name: 'six small files', state: { waiting: waiting(...repeat('file', 8)) }, granted: [0, 1, 2, 3, 4, 5] },
  {
    name: 'five parts: one connection is kept for small files',
    state: { waiting: waiting(...repeat('part', 8)) },
    granted: [0, 1, 2, 3, 4],
  },
  {
    name: 'a small file behind many parts',
    state: { open: { file: 0, part: 5 }, bytes: 40, waiting: waiting('part', 'part', 'file') },
    granted: [2],
  },
  {
    name: 'a part behind many small files, when one of them is done',
    state: { open: { file: 5, part: 0 }, bytes: 40, waiting: waiting('part', 'file') },
    granted: [0],
  },
  {
    name: 'the oldest of its kind only',
    state: { open: { file: 5, part: 0 }, bytes: 40, waiting: waiting('file', 'part') },
    granted: [0],
  },
  {
    name: 'five in all where something else holds a connection',
    state: { waiting: waiting(...repeat('file', 3), ...repeat('part', 5)) },
    limits: { ...LIMITS, connections: 5 },
    granted: [0, 1, 2, 3, 4],
  },
  {
    name: 'bytes up to their limit',
    state: { bytes: 56, open: { file: 0, part: 1 }, waiting: waiting('part', 'part') },
    granted: [0],
  },
  {
    name: 'no small need past a large one of its kind that does not fit',
    state: {
      bytes: 56,
      open: { file: 0, part: 1 },
      waiting: [
        { id: 0, kind: 'part', bytes: 9 },
        { id: 1, kind: 'part', bytes: 1 },
      ],
    },
    granted: [],
  },
  {
    name: 'a need above the limit when nothing else is in flight',
    state: { waiting: [{ id: 0, kind: 'file', bytes: 65 }] },
    granted: [0],
  },
  {
    name: 'less to others while somebody reads',
    state: { readers: 3, waiting: waiting(...repeat('file', 6)) },
    granted: [0, 1, 2],
  },
  {
    name: 'two at least, however many read: one of each kind',
    state: { readers: 20, waiting: waiting('part', 'part', 'file') },
    granted: [0, 2],
  },
]

test.each(cases)('gives connections to: $name', ({ state, limits = LIMITS, granted }) => {
  const result = grant({ ...IDLE, ...state }, limits)
  expect(result.granted).toEqual(granted)
  const { open, bytes, waiting: rest } = { ...IDLE, ...state }
  expect(result.state.waiting.length).toBe(rest.length - granted.length)
  expect(result.state.open.file + result.state.open.part).toBe(open.file + open.part + granted.length)
  expect(result.state.bytes).toBe(
    rest.filter(({ id }) => granted.includes(id)).reduce((sum, need) => sum + need.bytes, bytes),
  )
})

test('a connection that is given back is free again', () => {
  const need = { kind: 'part', bytes: 8 } as const
  const used = grant({ ...IDLE, waiting: [{ id: 0, ...need }] }, LIMITS).state
  expect(released(used, need)).toEqual(IDLE)
})
