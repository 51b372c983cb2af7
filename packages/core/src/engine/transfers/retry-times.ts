/**
 * When failed transfers are due. A row keeps its wait as a moment of the wall clock, which may be years off, and as a
 * duration. From the moment that the queue sees the row, a clock that nobody sets measures the wait.
 */
import type { TransferRow } from '../../ports/index-port.ts'
import { MAX_REFUSED_WAIT_MS, MAX_WAIT_MS } from './backoff.ts'

export interface Moment {
  /** unix ms */
  readonly wall: number
  /** ms of a clock that never goes back */
  readonly monotonic: number
}

/** ms that the row still waits, by a wall clock that may have been wrong when it was written: never more than was meant. */
export const waitLeft = ({ state, notBefore, waitMs }: TransferRow, wall: number): number => {
  const longest = waitMs ?? (state === 'blocked' ? MAX_REFUSED_WAIT_MS : MAX_WAIT_MS)
  return Math.min(Math.max(0, notBefore - wall), longest)
}

export interface RetryTimes {
  /** ms until the row may be tried; 0: now */
  dueIn(row: TransferRow, now: Moment): number
  /** The rows are due now. */
  wake(rows: Iterable<TransferRow>): void
  isWoken(row: TransferRow): boolean
  /** The rows wait as long as a refused transfer does, from now on. */
  postpone(rows: Iterable<TransferRow>, now: Moment): void
}

/** Everything is kept per row as it was read: a row that an attempt has rewritten waits anew. */
export const makeRetryTimes = (): RetryTimes => {
  const deadlines = new WeakMap<TransferRow, Moment>()
  const woken = new WeakSet<TransferRow>()
  return {
    dueIn(row, { wall, monotonic }) {
      if (woken.has(row)) return 0
      let deadline = deadlines.get(row)
      if (deadline === undefined) {
        if (row.notBefore <= wall) return 0
        deadline = { wall: row.notBefore, monotonic: monotonic + waitLeft(row, wall) }
        deadlines.set(row, deadline)
      }
      // The wall clock runs on while a laptop sleeps; the other one may not.
      return Math.max(0, Math.min(deadline.monotonic - monotonic, deadline.wall - wall))
    },
    wake(rows) {
      for (const row of rows) woken.add(row)
    },
    isWoken: (row) => woken.has(row),
    postpone(rows, { wall, monotonic }) {
      const deadline = { wall: wall + MAX_REFUSED_WAIT_MS, monotonic: monotonic + MAX_REFUSED_WAIT_MS }
      for (const row of rows) {
        woken.delete(row)
        deadlines.set(row, deadline)
      }
    },
  }
}
