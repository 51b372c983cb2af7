/** What the calls of the REST API work with. */
import type { SignReceipt } from '@rockpool/access'
import type { ObjectStore } from '@rockpool/object-store'
import type { StoreId } from '@rockpool/protocol'
import type { FileLedger, ReadModel } from '@rockpool/sync-server'
import type { SyncFetch } from './commit.ts'
import type { StoreBuckets } from '../buckets/store-buckets.ts'
import type { EventStreams } from '../events/event-streams.ts'
import type { KeyLocks } from '../gc/key-locks.ts'
import type { HoldKeeper } from '../hold/hold-keeper.ts'
import type { Holds } from '../hold/holds.ts'
import type { Spool } from './store-body.ts'

/** The event logs of this server, to read. */
export interface ReadableLogs {
  /** Creates the log when there is none. */
  open(storeId: StoreId): Promise<{
    readonly readModel: ReadModel
    readonly backendId: string
    /** of the log in cursors of events: another one after each restore, at most 64 of `A-Z a-z 0-9 _ -` */
    readonly cursorId: string
    /** number of the last event */
    head(): Promise<number>
  }>
  /** the stores that have a log */
  storeIds?(): Promise<readonly StoreId[]>
}

export interface RestServices {
  readonly logs: ReadableLogs
  readonly store: ObjectStore
  readonly spool: Spool
  /** keep the collector off what an upload is about to name */
  readonly keyLocks: Pick<KeyLocks, 'acquireShared'>
  readonly sync: SyncFetch
  readonly eventStreams: Pick<EventStreams, 'open'>
  readonly storeBuckets: StoreBuckets
  /** what is used, and the limits */
  readonly fileLedger: FileLedger
  readonly holds: Pick<Holds, 'stateOf' | 'statesOf'>
  readonly decideHold: HoldKeeper['decide']
  /** undefined: content counts as claimed until a background check has seen it */
  readonly signReceipt: SignReceipt | undefined
  /** of signed URLs, the current one first; none: this server signs no URLs */
  readonly shareSecrets: readonly string[]
  /** seconds that a signed URL may live */
  readonly maxShareSeconds: number
  /** where clients reach this server, without a slash at its end */
  readonly publicUrl: string
  /** gets failures that the operator of the server has to know about */
  readonly onError: (error: unknown) => void
  /** unix ms */
  readonly now: () => number
}
