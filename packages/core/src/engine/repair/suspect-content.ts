/** The first step of a suspected loss, for engines and service workers. No Effect. */
import { type ErrorCode, type RemoteKey } from '@rockpool/protocol'
import { decision, type IndexChange, type IndexDecision, put, remove, type SuspectRow } from '../../ports/index-port.ts'
import { nextLoss } from './loss-state.ts'

/** Suspicions at the same time. Where more is missing, these are enough to find out why. */
const MAX_SUSPECTS = 100

/**
 * S3 answers 403 for a missing key to whoever may not list the S3 bucket. `corrupt`: the copy on this disk is damaged, and
 * object storage may have none.
 */
const MISSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['not_found', 'storage_suspect', 'forbidden', 'corrupt'])

/** Whether a download failed since object storage may lack the content. */
export const isMissingContent = (code: ErrorCode): boolean => MISSING.has(code)

/**
 * Notes that a download did not find the content. The leading tab asks the signer, if the log says that it is stored.
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
