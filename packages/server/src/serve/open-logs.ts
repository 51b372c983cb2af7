/** The event logs that a configuration names. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoreId } from '@rockpool/protocol'
import type { Logs, SqlEventLog } from '@rockpool/sync-server'
import { lockFolder, type SqliteLogs, sqliteLogs } from '@rockpool/sync-server/node'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'
import type { ServerConfig } from '../config/server-config.ts'
import { ensureTables } from '../state/postgres-tables.ts'

export interface ServerLogs extends Logs<SqlEventLog> {
  storeIds(): Promise<readonly StoreId[]>
  /** Resolves when the logs can be read. */
  ping(): Promise<void>
  /** undefined: the logs are backed up by the tools of their database */
  readonly backUp: SqliteLogs['backUp'] | undefined
  /** what servers with the same logs share; undefined: this server has them for itself */
  readonly database: PostgresDatabase | undefined
}

/** Where a server keeps its event logs, unless they are in Postgres. */
export const eventsFolder = (dataDir: string): string => join(dataDir, 'events')

/** Whether the data folder has logs of its own. */
export const hasEventLogs = async (dataDir: string): Promise<boolean> => {
  const folder = eventsFolder(dataDir)
  return existsSync(folder) && (await readdir(folder)).some((name) => name.endsWith('.id'))
}

/**
 * The data folder is locked until the logs are closed.
 *
 * @throws EventLogError
 * @throws Error of one line when the data folder has the logs that Postgres lacks
 */
export const openLogs = async ({
  dataDir,
  eventLog,
}: Pick<ServerConfig, 'dataDir' | 'eventLog'>): Promise<ServerLogs> => {
  if (eventLog.backend === 'sqlite') {
    const logs = await sqliteLogs({ directory: eventsFolder(dataDir) })
    const storeIds = () => logs.storeIds!()
    return { ...logs, database: undefined, storeIds, ping: async () => void (await storeIds()) }
  }
  if (await hasEventLogs(dataDir)) {
    throw new Error(
      `There are event logs in ${dataDir}, which Postgres does not have. Run once: rockpool-server move-logs. Or set event_log.backend to sqlite.`,
    )
  }
  const unlock = lockFolder(dataDir, 'The data folder')
  try {
    // Loaded here, since few servers need the driver.
    const { postgresLogs } = await import('@rockpool/sync-server/postgres')
    const logs = await postgresLogs({ url: eventLog.url })
    await ensureTables(logs.database).catch(async (error: unknown) => {
      await logs.close()
      throw error
    })
    let closing: Promise<void> | undefined
    return {
      ...logs,
      backUp: undefined,
      // The sync server closes them, too.
      close: () => (closing ??= logs.close().finally(unlock)),
    }
  } catch (error) {
    unlock()
    throw error
  }
}
