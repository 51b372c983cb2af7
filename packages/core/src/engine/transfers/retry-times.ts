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

/** A row as it was read, and until when it waits. A row that an attempt has rewritten waits anew. */
interface Wait extends Moment {
  readonly row: TransferRow
}

/** Waits of transfers that are gone are kept until there are this many more than rows. */
const MAX_GONE = 1_000

/** @param rows of the queue, as they are */
export const makeRetryTimes = (rows: ReadonlyMap<string, TransferRow>): RetryTimes => {
  // By id: looked up for each waiting row of each look at the queue, where a WeakMap by row takes ten times as long.
  const waits = new Map<string, Wait>()
  const waitOf = (row: TransferRow): Wait | undefined => {
    const wait = waits.get(row.id)
    return wait?.row === row ? wait : undefined
  }
  const set = (row: TransferRow, { wall, monotonic }: Moment): Wait => {
    const wait = { row, wall, monotonic }
    waits.set(row.id, wait)
    if (waits.size > rows.size + MAX_GONE) for (const id of waits.keys()) if (!rows.has(id)) waits.delete(id)
    return wait
  }

  return {
    dueIn(row, { wall, monotonic }) {
      // 0 is no moment: the row never had to wait, on a clock before 1970, too.
      if (row.notBefore === 0) return 0
      let wait = waitOf(row)
      if (!wait) {
        if (row.notBefore <= wall) return 0
        wait = set(row, { wall: row.notBefore, monotonic: monotonic + waitLeft(row, wall) })
      }
      // The wall clock runs on while a laptop sleeps; the other one may not.
      return Math.max(0, Math.min(wait.monotonic - monotonic, wait.wall - wall))
    },
    wake(woken) {
      for (const row of woken) set(row, OVER)
    },
    isWoken: (row) => waitOf(row)?.monotonic === OVER.monotonic,
    postpone(postponed, { wall, monotonic }) {
      const end = { wall: wall + MAX_REFUSED_WAIT_MS, monotonic: monotonic + MAX_REFUSED_WAIT_MS }
      for (const row of postponed) set(row, end)
    },
  }
}

const OVER: Moment = { wall: -Infinity, monotonic: -Infinity }
