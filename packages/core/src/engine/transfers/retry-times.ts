/**
 * When failed transfers are due. A row stores its wait as a wall-clock time, which may be years off, and as a duration. Once
 * the queue has read the row, the monotonic clock measures the wait.
 */
import { MAX_BACKOFF_MS } from '@rockpool/protocol'
import type { TransferRow } from '../../ports/local-index.ts'
import { MAX_REFUSED_WAIT_MS } from './refusal.ts'

export interface Moment {
  /** unix ms */
  readonly wall: number
  /** ms of a clock that never goes back */
  readonly monotonic: number
}

/** Remaining wait of the row in ms. Never more than its duration: the wall clock may have been wrong when it was written. */
export const waitLeft = ({ state, notBefore, waitMs }: TransferRow, wall: number): number => {
  const longest = waitMs ?? (state === 'blocked' ? MAX_REFUSED_WAIT_MS : MAX_BACKOFF_MS)
  return Math.min(Math.max(0, notBefore - wall), longest)
}

export interface RetryTimes {
  /** ms until the row may be tried; 0: now */
  dueIn(row: TransferRow, now: Moment): number
  /** The rows are due now. */
  wake(rows: Iterable<TransferRow>): void
  isWoken(row: TransferRow): boolean
  /** The rows wait from now as long as a refused transfer does. */
  postpone(rows: Iterable<TransferRow>, now: Moment): void
}

/** A row as read, and the end of its wait. A row that an attempt has rewritten starts a new wait. */
interface Wait extends Moment {
  readonly row: TransferRow
}

/** Waits of removed transfers are kept until there are this many more waits than rows. */
const MAX_GONE = 1_000

/** @param rows of the queue, as they are */
export const makeRetryTimes = (rows: ReadonlyMap<string, TransferRow>): RetryTimes => {
  // Keyed by id: a WeakMap keyed by row is ten times slower, and each pass looks up each waiting row.
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
      // 0 means no wait, even with a clock before 1970.
      if (row.notBefore === 0) return 0
      let wait = waitOf(row)
      if (!wait) {
        if (row.notBefore <= wall) return 0
        wait = set(row, { wall: row.notBefore, monotonic: monotonic + waitLeft(row, wall) })
      }
      // The wall clock runs while a laptop sleeps; the monotonic one may not.
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
