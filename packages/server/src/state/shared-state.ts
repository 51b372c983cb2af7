/**
 * What a server remembers beside logs and bytes, and decides by. It is in Postgres when several servers share the logs there, else in the
 * data folder.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { StoreId } from '@rockpool/protocol'
import { type FileLedger, localFileLedger, sharedFileLedger, systemClock } from '@rockpool/sync-server'
import { postgresBuckets } from '../buckets/postgres-buckets.ts'
import { sqliteBuckets } from '../buckets/sqlite-buckets.ts'
import type { StoreBuckets } from '../buckets/store-buckets.ts'
import type { ServerConfig } from '../config/server-config.ts'
import type { HookCursors } from '../events/webhooks/hook-cursors.ts'
import { postgresHookCursors } from '../events/webhooks/postgres-hook-cursors.ts'
import { sqliteHookCursors } from '../events/webhooks/sqlite-hook-cursors.ts'
import type { Holds } from '../hold/holds.ts'
import { postgresHolds } from '../hold/postgres-holds.ts'
import { sqliteHolds } from '../hold/sqlite-holds.ts'
import type { ServerLogs } from '../serve/open-logs.ts'

export interface SharedState {
  readonly holds: Holds
  /** the buckets of the configuration, and those that were created by REST */
  readonly storeBuckets: StoreBuckets
  readonly hookCursors: HookCursors
  /** what users and stores use, and their quotas */
  readonly fileLedger: FileLedger
}

export const sharedState = (
  { signer: { buckets }, fileQuota: quota }: ServerConfig,
  logs: ServerLogs,
  folder: DatabaseSync,
): SharedState => {
  const readModelOf = async (storeId: StoreId) => (await logs.open(storeId)).readModel
  const { database } = logs
  return database
    ? {
        holds: postgresHolds(database),
        storeBuckets: postgresBuckets(database, buckets),
        hookCursors: postgresHookCursors(database),
        fileLedger: sharedFileLedger({ quota, readModelOf }),
      }
    : {
        holds: sqliteHolds(folder),
        storeBuckets: sqliteBuckets(folder, buckets),
        hookCursors: sqliteHookCursors(folder),
        fileLedger: localFileLedger({ quota, readModelOf, clock: systemClock }),
      }
}
