/** Which sent uploads to check with the signer, and when. Pure. */
import { BATCH_LIMIT } from '@rockpool/protocol'
import type { TransferRow } from '../../ports/local-index.ts'

/** Longest wait to gather uploads for one call (ms). Each call ends in one push of events. */
export const GATHER_MS = 1_000

export type CheckPlan =
  | { readonly kind: 'check'; readonly rows: readonly TransferRow[] }
  /** `ms`: until the check, if nothing changes */
  | { readonly kind: 'gather'; readonly ms: number }
  /** nothing was sent */
  | { readonly kind: 'idle' }

/**
 * Checks all sent uploads together, once no more are about to be sent or a call is full.
 *
 * @param gatheredMs since the first of them was sent
 * @param partSize bytes; larger uploads are completed by the signer and are never `sent`
 */
export const nextCheck = (rows: Iterable<TransferRow>, gatheredMs: number, partSize: number): CheckPlan => {
  const sent: TransferRow[] = []
  let isMoreComing = false
  for (const row of rows) {
    if (row.state === 'sent') sent.push(row)
    // An upload that failed before may take minutes: do not wait for it.
    else
      isMoreComing ||=
        row.direction === 'upload' && row.state === 'waiting' && row.attempts === 0 && row.size <= partSize
  }
  if (sent.length === 0) return { kind: 'idle' }
  if (isMoreComing && sent.length < BATCH_LIMIT && gatheredMs < GATHER_MS) {
    return { kind: 'gather', ms: GATHER_MS - gatheredMs }
  }
  return {
    kind: 'check',
    rows: sent.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).slice(0, BATCH_LIMIT),
  }
}
