/** Transitions of a transfer's row, as functions for index transactions. Pure. The states are in `transfer-states.ts`. */
import { backoffMs, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import type { TransferDirection, TransferRow } from '../../ports/local-index.ts'
import { isRefusal, refusedWaitMs } from './refusal.ts'

export interface TransferContent {
  readonly remoteKey: RemoteKey
  /** bytes */
  readonly size: number
  readonly type: string
  /** as in {@link TransferRow} */
  readonly provedBefore?: number | null | undefined
  readonly queuedFor?: string
}

export const transferId = (direction: TransferDirection, key: RemoteKey): string => `${direction}:${key}`

const FRESH = { state: 'waiting', attempts: 0, notBefore: 0, waitMs: 0, error: null } as const

/** A transfer for now. An existing one resumes its multipart upload. */
export const queuedRow = (
  direction: TransferDirection,
  { remoteKey, size, type, provedBefore = null, queuedFor }: TransferContent,
  now: number,
  row?: TransferRow,
): TransferRow => ({
  ...row,
  id: transferId(direction, remoteKey),
  direction,
  remoteKey,
  size,
  type,
  uploadId: row?.uploadId ?? null,
  createdAt: row?.createdAt ?? now,
  provedBefore,
  queuedFor: queuedFor ?? null,
  ...FRESH,
})

/** A transfer that a file needs. An existing one stays unchanged. */
export const neededRow = (
  direction: TransferDirection,
  content: TransferContent,
  now: number,
  row?: TransferRow,
): TransferRow => row ?? queuedRow(direction, content, now)

/** Due now, without failures. */
export const retriedRow = (row: TransferRow): TransferRow => ({ ...row, ...FRESH })

/** After its PUT: `confirmSent` checks with the signer. The failure count is kept until the signer confirms. */
export const sentRow = (row: TransferRow): TransferRow =>
  isStopped(row) ? row : { ...row, state: 'sent', sent: true, error: null }

/** Stopped by a person: never retried automatically. */
export const stoppedRow = (row: TransferRow): TransferRow => {
  const { code, message } = new RockpoolError('aborted', 'You stopped this upload. The file is on this device only.')
  return { ...row, state: 'blocked', error: { code, message } }
}

/** The row after `retryAll`. */
export const retriedWithAll = (row: TransferRow): TransferRow =>
  row.error === null || isStopped(row) ? row : retriedRow(row)

/** The row after a person stopped the transfer: an upload stays, since its bytes are nowhere else. */
export const cancelledRow = (row: TransferRow): TransferRow | undefined =>
  row.direction === 'upload' ? stoppedRow(row) : undefined

/**
 * The row after the log says that object storage has the content. Only a receipt ends an upload: anyone who may write can
 * claim that content is stored. A download that waits for the content is retried.
 */
export const rowAfterStored = (row: TransferRow, word: 'proved' | 'claimed'): TransferRow | undefined => {
  if (row.direction === 'upload') return word === 'proved' ? undefined : row
  return isMissing(row) ? retriedRow(row) : row
}

/** The last attempt of a download did not find the content in object storage. */
export const isMissing = ({ error }: TransferRow): boolean =>
  error?.code === 'not_found' || error?.code === 'storage_suspect'

export const isStopped = ({ state, error }: TransferRow): boolean => state === 'blocked' && error?.code === 'aborted'

export interface TransferFailure {
  readonly error: Pick<RockpoolError, 'code' | 'message' | 'retryAfterMs'> & Partial<Pick<RockpoolError, 'usage'>>
  /** failed attempts in a row, with this one */
  readonly attempts: number
  /** unix ms */
  readonly now: number
  /** 0 (inclusive) to 1 (exclusive) */
  readonly random: number
  /** object storage has the content by now, as the log says */
  readonly isStored?: boolean
}

/** The row after a failed attempt. One that a person stopped in the meantime stays stopped. */
export const failedRow = (row: TransferRow, failure: TransferFailure): TransferRow => {
  const { error, attempts, now, random, isStored } = failure
  if (isStopped(row)) return row
  // Stored during the failed attempt: no later event would wake this row.
  if (row.direction === 'download' && error.code === 'not_found' && isStored) return retriedRow(row)
  const refused = isRefusal(error.code)
  const waitMs = refused ? refusedWaitMs(random) : backoffMs(attempts, random, error.retryAfterMs)
  return {
    ...row,
    state: refused ? 'blocked' : 'waiting',
    attempts,
    waitMs,
    notBefore: now + waitMs,
    error: { code: error.code, message: error.message, ...(error.usage && { usage: error.usage }) },
  }
}
