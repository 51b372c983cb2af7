/** What stores and users have of files, beside their quota: for the gate, the signer and the REST API. */
import type { QuotaUsage, RemoteKey, StoreId } from '@rockpool/protocol'
import type { ReadModel } from '../read-model/read-model.ts'
import { exceededBy, type FileQuota, type FilesInUse, type FileUse, plus } from './file-quota.ts'

export interface FileLedger {
  readonly quota: FileQuota
  /** The limit that `more` would break. */
  check(storeId: StoreId, sub: string, more: FileUse): Promise<QuotaUsage | undefined>
  /**
   * Call it before an append of the user that adds at most `more`.
   *
   * @returns undefined where the transaction of the append counts (`AppendOptions.countsFiles`)
   */
  begin(storeId: StoreId, sub: string, more: FileUse): Promise<Reservation | undefined>
  /** Whether a content may be uploaded: it fits, or the log names it. @returns the limit that it would break */
  checkUpload(upload: Upload): Promise<QuotaUsage | undefined>
  /** Counts now. */
  count(storeId: StoreId, sub: string): Promise<FilesInUse>
}

export interface Upload {
  readonly storeId: StoreId
  readonly sub: string
  readonly remoteKey: RemoteKey
  /** bytes */
  readonly size: number
}

/** What one append adds. */
export interface Reservation {
  /** Adds `more` if it fits. @returns the limit that it would break */
  reserve(more: FileUse): QuotaUsage | undefined
  /** The append deletes a file. */
  free(): void
  /** The append has ended: later counts have what it stored. */
  end(): void
}

export interface FileLedgerOptions {
  readonly quota: FileQuota
  readonly readModelOf: (storeId: StoreId) => Promise<Pick<ReadModel, 'keptUsage' | 'isNamed'>>
}

/** Of an append whose transaction has counted. */
export const reserveWithin = (quota: FileQuota, inUse: FilesInUse): Reservation => {
  let { store, user } = inUse
  return {
    reserve: (more) => {
      const limit = exceededBy(quota, { store, user }, more)
      if (limit) return limit
      ;[store, user] = [plus(store, more), plus(user, more)]
      return undefined
    },
    free: () => {},
    end: () => {},
  }
}
