/** Import of the SQLite files that LiveStore's sync-cf 0.4.0 wrote, as Miniflare and `wrangler dev` keep them. */
import { chmod, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { isStoreId, type StoreId } from '@rockpool/protocol'
import { toLogError } from '../adapters/sqlite/errors.ts'
import { lockFolder } from '../adapters/sqlite/folder-lock.ts'
import { openReadOnly } from '../adapters/sqlite/read-only.ts'
import { openExisting, openNew, toSql } from '../adapters/sqlite/log-file.ts'
import { EventLogError } from '../event-log/event-log.ts'
import { readHead } from '../event-log/sql-events.ts'
import { readSyncCfLog, storeSyncCfLog } from './sync-cf-tables.ts'

export interface ImportedLog {
  readonly storeId: StoreId
  readonly backendId: string
  readonly head: number
  /** events that got another number: theirs did not follow the one before, and no device could read past them */
  readonly renumbered: number
}

export interface ImportOptions {
  /** the SQLite file of one Durable Object; no process may use it */
  readonly file: string
  /** folder of the event logs: `dataDir` of `startSyncServer`; no server may use it */
  readonly directory: string
}

/**
 * Copies a log of sync-cf with the same numbers and the same backend id, so that every device keeps syncing. The file is
 * left as it is. An import that is repeated changes nothing.
 *
 * @returns undefined when sync-cf has stored no event in this file
 * @throws EventLogError `corrupt` when an event is missing or the folder has another log of this store; `locked`
 */
export const importSyncCfLog = async ({ file, directory }: ImportOptions): Promise<ImportedLog | undefined> => {
  const what = `The sync-cf database ${path.basename(file)}`
  const created = await mkdir(directory, { recursive: true, mode: 0o700 })
  if (created !== undefined) await chmod(directory, 0o700)
  const unlock = lockFolder(directory)
  let database: DatabaseSync | undefined
  try {
    database = openReadOnly(file)
    const former = readSyncCfLog(toSql(database, what))
    if (!former) return undefined
    const { storeId, backendId, renumbered } = former
    if (!isStoreId(storeId))
      throw new EventLogError('corrupt', `${what} names the store "${storeId}", which is no store id.`)
    const base = path.join(directory, storeId)
    const log = openExisting(base, storeId) ?? openNew(base, storeId, (sql) => storeSyncCfLog(sql, former))
    const head = readHead(log.sql)
    log.close()
    if (log.backendId === backendId) return { storeId, backendId, head, renumbered }
    const problem = `The folder has another event log of "${storeId}" already. Import into an empty folder.`
    throw new EventLogError('corrupt', problem)
  } catch (error) {
    throw toLogError(error, what)
  } finally {
    database?.close()
    unlock()
  }
}

/** The SQLite files of Durable Objects below a folder, such as `.rockpool/sync`. */
export const findSyncCfFiles = async (folder: string): Promise<string[]> => {
  const files = await readdir(folder, { recursive: true })
  return files
    .filter((file) => file.endsWith('.sqlite') && path.basename(file) !== 'metadata.sqlite')
    .map((file) => path.join(folder, file))
    .toSorted()
}
