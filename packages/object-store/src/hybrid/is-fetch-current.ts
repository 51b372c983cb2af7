import type { PendingChange } from './replication-state.ts'

type Pending = Pick<PendingChange, 'version'> | undefined

/**
 * Whether an object that was fetched from S3 may enter the folder: it must not replace a write that came during the fetch, nor
 * undo a delete.
 */
export const isFetchCurrent = (fetch: {
  /** the key's change that was not replicated yet when the fetch began */
  readonly pendingBefore: Pending
  /** the one that is not replicated yet now */
  readonly pending: Pending
  /** whether S3 has the object, as far as is known */
  readonly isInS3: boolean
  /** whether folder and S3 have been compared: before, what S3 has is not known */
  readonly compared: boolean
}): boolean =>
  fetch.pending?.version === fetch.pendingBefore?.version &&
  (fetch.pending !== undefined || fetch.isInS3 || !fetch.compared)
