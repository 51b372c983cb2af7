/** Which transfers to start and stop. Pure. */
import type { TransferDirection, TransferRow } from '../../ports/local-index.ts'
import { isStopped } from './transfer-row.ts'

/**
 * Lanes per direction. Large files take `any` only, so they never block small ones. A refused transfer is retried in a lane
 * of its own: it probably fails again.
 */
export type Lane = 'any' | 'small' | 'refused'

/** Transfers of one direction that run at the same time, by lane. */
export const LANES: Readonly<Record<Lane, number>> = { any: 3, small: 1, refused: 1 }

export interface RunningTransfer {
  readonly direction: TransferDirection
  readonly lane: Lane
}

export interface QueueView {
  readonly rows: ReadonlyMap<string, TransferRow>
  /** by id of the row */
  readonly running: ReadonlyMap<string, RunningTransfer>
  readonly paused: boolean
  /** ms until a row may be tried; 0: now */
  readonly dueIn: (row: TransferRow) => number
  /** Whether a transfer that was refused for the same reason has succeeded since. */
  readonly isFreed: (row: TransferRow) => boolean
  /** bytes; files up to this size are small */
  readonly partSize: number
}

export interface TransferPlan {
  /** to start now */
  readonly start: readonly { readonly row: TransferRow; readonly lane: Lane }[]
  /** ids of running transfers that are no longer wanted */
  readonly stop: readonly string[]
  /** ms until the next waiting transfer is due; undefined when none waits for a time, or every lane is taken */
  readonly wakeIn: number | undefined
}

/** One pass over the rows; no pass while every lane is taken. */
export const nextTransfers = ({ rows, running, paused, dueIn, isFreed, partSize }: QueueView): TransferPlan => {
  const isWanted = (id: string): boolean => {
    const row = rows.get(id)
    return row !== undefined && !isStopped(row)
  }
  const stop = [...running.keys()].filter((id) => paused || !isWanted(id))
  if (paused) return { start: [], stop, wakeIn: undefined }

  const free = freeLanes(running, new Set(stop))
  const isFull = DIRECTIONS.every((direction) => LANE_NAMES.every((lane) => free[direction][lane] === 0))
  if (isFull) return { start: [], stop, wakeIn: undefined }

  const best = { upload: makeCandidates(free.upload), download: makeCandidates(free.download) }
  let wakeIn: number | undefined
  for (const row of rows.values()) {
    // `confirmSent` handles sent uploads.
    if (running.has(row.id) || isStopped(row) || row.state === 'sent') continue
    const wait = dueIn(row)
    if (wait > 0) wakeIn = wakeIn === undefined || wait < wakeIn ? wait : wakeIn
    else {
      const { refused, small, large } = best[row.direction]
      if (row.state === 'blocked' && !isFreed(row)) refused.offer(row)
      else if (row.size <= partSize) small.offer(row)
      else large.offer(row)
    }
  }

  const start: { readonly row: TransferRow; readonly lane: Lane }[] = []
  for (const direction of DIRECTIONS) {
    const { refused, small, large } = best[direction]
    const lanes = free[direction]
    const startIn = (lane: Lane, row: TransferRow): void => {
      if (lanes[lane] === 0) return
      lanes[lane]--
      start.push({ row, lane })
    }
    for (const row of [...small.rows, ...large.rows].toSorted(byPriority)) {
      startIn(row.size <= partSize && lanes.small > 0 ? 'small' : 'any', row)
    }
    for (const row of refused.rows) startIn('refused', row)
  }
  return { start, stop, wakeIn }
}

const DIRECTIONS = ['upload', 'download'] as const
const LANE_NAMES = Object.keys(LANES) as Lane[]

const freeLanes = (
  running: ReadonlyMap<string, RunningTransfer>,
  stopping: ReadonlySet<string>,
): Record<TransferDirection, Record<Lane, number>> => {
  const free = { upload: { ...LANES }, download: { ...LANES } }
  for (const [id, { direction, lane }] of running) if (!stopping.has(id)) free[direction][lane]--
  return free
}

/** Last opened first, then by age and size: by the time at which a file would be done at 1 MB/s since it was added. */
const byPriority = (a: TransferRow, b: TransferRow): number =>
  (b.lookedAt ?? 0) - (a.lookedAt ?? 0) || rank(a) - rank(b) || (a.id < b.id ? -1 : 1)

const BYTES_PER_MS = 1_000

const rank = ({ createdAt, size }: TransferRow): number => createdAt + size / BYTES_PER_MS

interface Candidates {
  /** by priority, as many as there are lanes for at most */
  readonly rows: readonly TransferRow[]
  offer(row: TransferRow): void
}

/** Keeps the best `count` rows without sorting all. */
const makeTop = (count: number): Candidates => {
  const rows: TransferRow[] = []
  return {
    rows,
    offer(row) {
      if (rows.length === count && (count === 0 || byPriority(row, rows.at(-1)!) > 0)) return
      const at = rows.findIndex((other) => byPriority(row, other) < 0)
      rows.splice(at === -1 ? rows.length : at, 0, row)
      if (rows.length > count) rows.pop()
    },
  }
}

const makeCandidates = (free: Readonly<Record<Lane, number>>) => ({
  refused: makeTop(free.refused),
  small: makeTop(free.any + free.small),
  large: makeTop(free.any),
})
