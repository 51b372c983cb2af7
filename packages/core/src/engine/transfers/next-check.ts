/** Which sent uploads to ask the signer about, and when: a pure decision. */
import { BATCH_LIMIT } from '@rockpool/protocol'
import type { TransferRow } from '../../ports/index-port.ts'

/** Longest wait for more uploads to ask about in the same call (ms). Each call ends in one push of events. */
export const GATHER_MS = 1_000

export type CheckPlan =
  | { readonly kind: 'check'; readonly rows: readonly TransferRow[] }
  /** `ms`: until the check, if nothing changes */
  | { readonly kind: 'gather'; readonly ms: number }
  /** nothing was sent */
  | { readonly kind: 'idle' }

/**
 * All at once: what was sent, as soon as nothing more is about to be, or there is enough for a call.
 *
 * @param gatheredMs since the first of them was sent
 * @param partSize bytes; larger uploads are completed by the signer and are never `sent`
 */
export const nextCheck = (rows: Iterable<TransferRow>, gatheredMs: number, partSize: number): CheckPlan => {
  const sent: TransferRow[] = []
  let isMoreComing = false
  for (const row of rows) {
    if (row.state === 'sent') sent.push(row)
    // One that has failed before may take minutes.
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
