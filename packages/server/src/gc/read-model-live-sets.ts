/** The collector's view of the event logs: the read model of each store that has a log. */
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import { keysOf, type Logs, type PageOptions, type RemoteKeyPage, type SqlEventLog } from '@rockpool/sync-server'
import type { LiveSets } from './live-set.ts'

export interface LiveSetOptions {
  readonly logs: Logs<SqlEventLog>
  /** appends `v2.ContentLost` and sends it to devices */
  readonly reportLost: (storeId: StoreId, keys: readonly RemoteKey[]) => Promise<void>
}

/** A store without a log is never collected: its log may be missing by mistake. */
export const readModelLiveSets = ({ logs, reportLost }: LiveSetOptions): LiveSets => ({
  storeIds: async () => (await logs.storeIds?.()) ?? [],
  read: async (storeId, signal) => {
    const { backendId, readModel } = await logs.open(storeId)
    const live = await readKeys(readModel.liveKeys, signal)
    const named = await readKeys(readModel.namedKeys, signal)
    // A key that became live after the first pass is in the second one only when its event was there by then.
    for (const key of live) named.add(key)
    return { logId: backendId, live, named }
  },
  reportLost,
})

const readKeys = async (
  readPage: (options: PageOptions) => Promise<RemoteKeyPage>,
  signal: AbortSignal,
): Promise<Set<RemoteKey>> => {
  const keys = new Set<RemoteKey>()
  for await (const page of keysOf(readPage)) {
    signal.throwIfAborted()
    for (const key of page) keys.add(key)
  }
  return keys
}
