import type { RemoteKey, StoreId } from '@rockpool/protocol'

/** What a store's event log names, read at the sync backend's head. */
export interface LiveSet {
  /** which log this is: another one under the same storeId has another identity */
  readonly logId: string
  /** named by a live record, or by a version that is kept */
  readonly live: ReadonlySet<RemoteKey>
  /** all that the log ever named, the live ones among them: also by tombstones and by versions that are no longer kept */
  readonly named: ReadonlySet<RemoteKey>
}

/** The collector's view of the event logs. */
export interface LiveSets {
  /** The stores to collect in. */
  storeIds(signal: AbortSignal): Promise<readonly StoreId[]>
  /** Reads a log at its head: everything confirmed before this call is in it. Rejects when the head cannot be reached. */
  read(storeId: StoreId, signal: AbortSignal): Promise<LiveSet>
  /** Appends `ContentLost` for each key, confirmed when it resolves. Devices that have the bytes upload them again. */
  reportLost(storeId: StoreId, keys: readonly RemoteKey[], signal: AbortSignal): Promise<void>
}
