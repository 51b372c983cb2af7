/** Random lives of a queue, by the decisions that the leader takes: what runs, what waits, and that everything ends. */
import { RockpoolError, type ErrorCode } from '@rockpool/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TransferDirection, TransferRow } from '../../ports/local-index.ts'
import { sampleTransfer } from '../../testing/sample-transfer.ts'
import { type Lane, LANES, nextTransfers } from './next-transfers.ts'
import { makeRetryTimes } from './retry-times.ts'
import { cancelledRow, failedRow, isStopped, retriedRow } from './transfer-row.ts'

const PART = 1_000
const MIN = 60_000
const CODES = ['offline', 'storage_unavailable', 'rate_limited', 'forbidden', 'too_large', 'not_found'] as const

type Step =
  | { readonly kind: 'add'; readonly direction: TransferDirection; readonly size: number }
  | { readonly kind: 'cancel' | 'retry' | 'remove'; readonly at: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'jump'; readonly ms: number }
  | { readonly kind: 'fault'; readonly code: ErrorCode | undefined }
  | { readonly kind: 'wake' }
  | { readonly kind: 'restart' }

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      direction: fc.constantFrom('upload' as const, 'download' as const),
      size: fc.constantFrom(1, PART, PART + 1, 5e9),
    }),
    fc.record({ kind: fc.constantFrom('cancel' as const, 'retry' as const, 'remove' as const), at: fc.nat(30) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20 * MIN) }),
    fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -2e11, max: 2e11 }) }),
    fc.record({ kind: fc.constant('fault' as const), code: fc.option(fc.constantFrom(...CODES), { nil: undefined }) }),
    fc.record({ kind: fc.constant('wake' as const) }),
    fc.record({ kind: fc.constant('restart' as const) }),
  ),
  { maxLength: 60, size: 'max' },
)

/** A leader whose attempts take a minute each, and end as the fault says. */
const leader = (random: () => number) => {
  let wall = 1_000_000_000_000
  let monotonic = 0
  let fault: ErrorCode | undefined
  let ids = 0
  const rows = new Map<string, TransferRow>()
  const running = new Map<
    string,
    { readonly direction: TransferDirection; readonly lane: Lane; readonly endsAt: number }
  >()
  let times = makeRetryTimes(rows)
  let wakeAt = Infinity

  const look = () => {
    const dueIn = (row: TransferRow) => times.dueIn(row, { wall, monotonic })
    const view = { rows, running, paused: false, dueIn, isFreed: () => false, partSize: PART }
    const plan = nextTransfers(view)
    for (const id of plan.stop) running.delete(id)
    for (const { row, lane } of plan.start) {
      expect(isStopped(row)).toBe(false)
      expect(dueIn(row)).toBe(0)
      running.set(row.id, { direction: row.direction, lane, endsAt: monotonic + MIN })
    }
    wakeAt = monotonic + (plan.wakeIn ?? Infinity)
    for (const direction of ['upload', 'download'] as const) {
      const used = { any: 0, small: 0, refused: 0 }
      for (const run of running.values()) if (run.direction === direction) used[run.lane]++
      for (const lane of ['any', 'small', 'refused'] as const) expect(used[lane]).toBeLessThanOrEqual(LANES[lane])
      const waits = [...rows.values()].filter(
        (row) => row.direction === direction && row.state === 'waiting' && !running.has(row.id) && dueIn(row) === 0,
      )
      // Nothing that may run waits for nothing.
      if (used.any < LANES.any) expect(waits).toEqual([])
      if (used.small < LANES.small) expect(waits.filter(({ size }) => size <= PART)).toEqual([])
    }
  }
  const end = (id: string) => {
    running.delete(id)
    const row = rows.get(id)
    if (!row) return
    if (fault === undefined) rows.delete(id)
    else {
      const failure = { error: new RockpoolError(fault, 'x'), attempts: row.attempts + 1, now: wall, random: random() }
      rows.set(id, failedRow(row, failure))
    }
  }
  const pass = (ms: number) => {
    const until = monotonic + ms
    for (;;) {
      const next = Math.min(wakeAt, ...[...running.values()].map(({ endsAt }) => endsAt))
      if (next > until) break
      wall += next - monotonic
      monotonic = next
      for (const [id, { endsAt }] of [...running]) if (endsAt <= monotonic) end(id)
      look()
    }
    wall += until - monotonic
    monotonic = until
    look()
  }
  const rowAt = (at: number) => [...rows.values()][at % Math.max(1, rows.size)]

  return {
    rows,
    pass,
    step(step: Step) {
      if (step.kind === 'pass') return pass(step.ms)
      if (step.kind === 'jump') wall += step.ms
      else if (step.kind === 'fault') fault = step.code
      else if (step.kind === 'wake') times.wake(rows.values())
      else if (step.kind === 'restart') {
        // Another tab leads: what is on disk is all it knows. The engine wakes everything then; here nothing does.
        times = makeRetryTimes(rows)
        running.clear()
      } else if (step.kind === 'add') {
        const { direction, size } = step
        const row = sampleTransfer(`${direction} ${ids++}`, { direction, size, createdAt: wall })
        rows.set(row.id, row)
      } else {
        const row = rowAt(step.at)
        if (!row) return
        const after = step.kind === 'cancel' ? cancelledRow(row) : step.kind === 'retry' ? retriedRow(row) : undefined
        if (after) rows.set(row.id, after)
        else rows.delete(row.id)
      }
      look()
    },
    heal() {
      fault = undefined
    },
  }
}

test('lanes are kept, nothing waits for nothing, and all that nobody stopped ends when faults do', () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (given, randoms) => {
      const queue = leader(() => randoms.next().value as number)
      for (const step of given) queue.step(step)
      queue.heal()
      // The longest wait, then an attempt of each, one by one: nobody frees those that were refused.
      queue.pass(15 * MIN + (queue.rows.size + 1) * MIN)
      expect([...queue.rows.values()].filter((row) => !isStopped(row))).toEqual([])
    }),
    { numRuns: 300 },
  )
})
