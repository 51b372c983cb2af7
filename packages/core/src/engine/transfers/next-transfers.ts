/** What to transfer next: a pure decision. */
import type { TransferDirection, TransferRow } from '../../ports/index-port.ts'

/** Transfers that run at the same time, by direction. Each upload of several parts sends 4 parts at once. */
export const PARALLEL: Readonly<Record<TransferDirection, number>> = { upload: 3, download: 3 }

export interface TransferPlan {
  /** to start now */
  readonly start: readonly TransferRow[]
  /** ids of running transfers that nobody wants any more */
  readonly stop: readonly string[]
  /** unix ms at which a waiting transfer becomes due; undefined: none is waiting for a time */
  readonly wakeAt: number | undefined
}

export const nextTransfers = (
  rows: Iterable<TransferRow>,
  running: ReadonlyMap<string, TransferDirection>,
  now: number,
  may: { readonly online: boolean; readonly paused: boolean },
): TransferPlan => {
  const wanted = new Map<string, TransferRow>()
  for (const row of rows) if (row.state === 'waiting') wanted.set(row.id, row)
  const stop = may.paused ? [...running.keys()] : [...running.keys()].filter((id) => !wanted.has(id))
  if (!may.online || may.paused) return { start: [], stop, wakeAt: undefined }

  const free = { ...PARALLEL }
  for (const [id, direction] of running) if (wanted.has(id)) free[direction]--
  const start: TransferRow[] = []
  let wakeAt: number | undefined
  const queue = [...wanted.values()].filter((row) => !running.has(row.id)).toSorted((a, b) => a.createdAt - b.createdAt)
  for (const row of queue) {
    if (row.notBefore > now) wakeAt = Math.min(wakeAt ?? Infinity, row.notBefore)
    else if (free[row.direction] > 0) {
      free[row.direction]--
      start.push(row)
    }
  }
  return { start, stop, wakeAt }
}
