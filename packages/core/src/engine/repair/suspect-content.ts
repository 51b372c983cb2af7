/** Records a suspected loss. For engines and service workers: no Effect. */
import { type ErrorCode, type RemoteKey } from '@rockpool/protocol'
import {
  decision,
  type IndexChange,
  type IndexDecision,
  put,
  remove,
  type SuspectRow,
} from '../../ports/local-index.ts'
import { nextLoss } from './loss-state.ts'

/** Suspected losses at the same time. If more is missing, these are enough to find the cause. */
const MAX_SUSPECTS = 100

/**
 * S3 responds 403 for a missing key when the client may not list the S3 bucket. `corrupt`: the copy on this disk is damaged,
 * and object storage may have none.
 */
const MISSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['not_found', 'storage_suspect', 'forbidden', 'corrupt'])

/** Whether a download failed because object storage may lack the content. */
export const isMissingContent = (code: ErrorCode): boolean => MISSING.has(code)

/**
 * Records that a download did not find the content. The leader checks with the signer, if the log says that it is stored.
 *
 * @param now unix ms
 */
export const suspectContent = (key: RemoteKey, now: number): IndexDecision =>
  decision([{ table: 'suspects', key }, { table: 'suspects' }], (rows) => {
    if (rows.getAll('suspects').length >= MAX_SUSPECTS) return []
    const before = rows.get('suspects', key)
    return suspectChanged(before, nextLoss(before, 'missing', { remoteKey: key, now, random: 0 }).row)
  })

export const suspectChanged = (
  before: SuspectRow | undefined,
  after: SuspectRow | undefined,
): readonly IndexChange[] => {
  if (after === before) return []
  return after ? [put('suspects', after)] : [remove('suspects', before!.remoteKey)]
}
