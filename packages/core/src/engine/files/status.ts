/** The state of a file on this device: derived, never stored. Pure. */
import type { TransferRow } from '../../ports/local-index.ts'
import type { FileStatus } from '../../pool.ts'
import type { Activity } from '../transfers/activity.ts'
import { isStopped } from '../transfers/transfer-row.ts'

export interface StatusFacts {
  /** bytes of the file */
  readonly size: number
  /** the content is whole on this disk */
  readonly onDevice: boolean
  /** this device has verified that object storage has it */
  readonly isStored: boolean
  /** what the log claims (any writer can claim it); undefined: nothing */
  readonly logState: 'stored' | 'lost' | undefined
  readonly upload: TransferRow | undefined
  readonly download: TransferRow | undefined
  /** a transfer of the content that is under way in some tab or in the service worker */
  readonly activity: Activity | undefined
}

export const statusOf = (facts: StatusFacts): FileStatus => {
  const { size, onDevice, activity } = facts
  const whole = { onDevice, total: size, bytesPerSecond: null, remainingMs: null, error: null }
  if (activity) {
    const state = activity.direction === 'upload' ? 'uploading' : 'downloading'
    return { ...whole, state, bytes: activity.bytes, ...paceOf(activity) }
  }
  // Not stored until the signer has confirmed it.
  if (facts.upload?.state === 'sent') return { ...whole, state: 'uploading', bytes: size }
  const failed = [facts.upload, facts.download].find((row) => row && hasFailed(row))
  if (failed) {
    const error = { ...failed.error!, nextAttemptAt: isStopped(failed) ? null : failed.notBefore || null }
    return { ...whole, state: 'failed', bytes: 0, error }
  }
  if (!onDevice) return { ...whole, state: 'remote', bytes: 0 }
  // The log's claim is shown, unless a queued upload is about to verify it.
  const isStored = facts.isStored ? facts.logState !== 'lost' : facts.logState === 'stored' && !facts.upload
  return isStored ? { ...whole, state: 'stored', bytes: size } : { ...whole, state: 'local', bytes: 0 }
}

const paceOf = ({
  bytes,
  total,
  bytesPerSecond = null,
}: Activity): Pick<FileStatus, 'bytesPerSecond' | 'remainingMs'> => ({
  bytesPerSecond,
  remainingMs: bytesPerSecond ? Math.round((Math.max(0, total - bytes) / bytesPerSecond) * 1_000) : null,
})

/** Being offline is no failure: the transfer waits. */
const hasFailed = (row: TransferRow): boolean =>
  row.error !== null && (row.state === 'blocked' || row.error.code !== 'offline')

export const sameStatus = (a: FileStatus, b: FileStatus): boolean =>
  a.state === b.state &&
  a.onDevice === b.onDevice &&
  a.bytes === b.bytes &&
  a.total === b.total &&
  a.bytesPerSecond === b.bytesPerSecond &&
  a.remainingMs === b.remainingMs &&
  a.error?.code === b.error?.code &&
  // The message has the figures of `usage`.
  a.error?.message === b.error?.message &&
  a.error?.nextAttemptAt === b.error?.nextAttemptAt
