/**
 * Event logs in a folder, one SQLite file per store: write-ahead log, synced to disk at each commit. One process at a time
 * uses the folder.
 */
import { chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { StoreId } from '@rockpool/protocol'
import { closedError, type Logs } from '../../event-log/event-log.ts'
import { createRecentEvents } from '../../event-log/recent-events.ts'
import { type SqlEventLog, sqlEventLog } from '../../event-log/sql-log.ts'
import { catchUp } from '../../read-model/catch-up.ts'
import { toLogError } from './errors.ts'
import { lockFolder } from './folder-lock.ts'
import { type LogFile, openLogFile } from './log-file.ts'

export interface SqliteLogsOptions {
  /** created with mode 0700 when it is missing */
  readonly directory: string
}

/** Files that stay open. Each takes two file descriptors. */
const MAX_OPEN_FILES = 256
/** Recent events of all stores, as JSON: 8 devices that push 1,000 events of 500 bytes each need 4 MB. */
const MAX_RECENT_BYTES = 32 * 1024 * 1024

/** @throws EventLogError `locked`, `unavailable` */
export const sqliteLogs = async ({ directory }: SqliteLogsOptions): Promise<Logs<SqlEventLog>> => {
  try {
    const created = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (created !== undefined) await chmod(directory, 0o700)
  } catch (error) {
    throw toLogError(error, 'The folder of the event logs')
  }
  const unlock = lockFolder(directory)
  /** open files; the one that was used last is the last */
  const files = new Map<StoreId, LogFile>()
  const recentOf = createRecentEvents(MAX_RECENT_BYTES)
  let closed = false

  const fileOf = (storeId: StoreId): LogFile => {
    if (closed) throw closedError()
    const file = files.get(storeId) ?? openLogFile(path.join(directory, storeId), storeId)
    files.delete(storeId)
    files.set(storeId, file)
    const [oldest] = files.keys()
    if (files.size > MAX_OPEN_FILES) closeFile(oldest!)
    return file
  }

  const closeFile = (storeId: StoreId) => {
    files.get(storeId)?.close()
    // Its file may be replaced by a backup until it is opened again.
    recentOf(storeId).clear()
    files.delete(storeId)
  }

  const logOf = (storeId: StoreId): SqlEventLog => {
    let isOpen = true
    const sql = () => {
      if (!isOpen) throw closedError()
      return fileOf(storeId).sql
    }
    return sqlEventLog(sql, fileOf(storeId).backendId, async () => void (isOpen = false), recentOf(storeId))
  }

  return {
    open: async (storeId) => {
      const isOpen = files.has(storeId)
      const log = logOf(storeId)
      // A log that a version without the read model has written.
      if (!isOpen) await catchUp(() => fileOf(storeId).sql)
      return log
    },
    close: async () => {
      if (closed) return
      closed = true
      for (const storeId of files.keys()) closeFile(storeId)
      unlock()
    },
  }
}
