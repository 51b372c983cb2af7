/**
 * Event logs in a folder, one SQLite file per store: write-ahead log, synced to disk at each commit. One process at a time
 * uses the folder.
 */
import { chmod, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { isStoreId, type StoreId } from '@rockpool/protocol'
import type { Defer } from '../../event-log/commit-queue.ts'
import { closedError, type Logs } from '../../event-log/event-log.ts'
import { createRecentEvents } from '../../event-log/recent-events.ts'
import { type SqlEventLog, sqlEventLog } from '../../event-log/sql-log.ts'
import { openSqlStore, type SqlStore } from '../../event-log/sql-store.ts'
import { catchUp } from '../../read-model/catch-up.ts'
import { toLogError } from './errors.ts'
import { lockFolder } from './folder-lock.ts'
import { openLogFile, readCopiedHead } from './log-file.ts'

export interface SqliteLogsOptions {
  /** created with mode 0700 when it is missing */
  readonly directory: string
}

/** Files that stay open. Each takes two file descriptors. */
const MAX_OPEN_FILES = 256
/** Recent events of all stores, as JSON: 8 devices that push 1,000 events of 500 bytes each need 4 MB. */
const MAX_RECENT_BYTES = 32 * 1024 * 1024

/** The event logs of a folder. */
export interface SqliteLogs extends Logs<SqlEventLog> {
  /**
   * Copies the log of a store to another folder, from which `sqliteLogs` reads it, while appends go on. What was appended before
   * the call is in the copy.
   *
   * @param target a folder that is there
   * @returns the head of the copy
   * @throws EventLogError
   */
  backUp(storeId: StoreId, target: string): Promise<{ readonly backendId: string; readonly head: number }>
}

interface OpenStore extends SqlStore {
  copyTo(base: string): Promise<void>
  closeFile(): void
}

/** After the requests that have arrived are read: each push among these joins the next commit, and a single one waits for none. */
const afterInput: Defer = (run) => void setImmediate(run)

/** @throws EventLogError `locked`, `unavailable` */
export const sqliteLogs = async ({ directory }: SqliteLogsOptions): Promise<SqliteLogs> => {
  try {
    const created = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (created !== undefined) await chmod(directory, 0o700)
  } catch (error) {
    throw toLogError(error, 'The folder of the event logs')
  }
  const unlock = lockFolder(directory)
  /** open logs; the one that was used last is the last */
  const stores = new Map<StoreId, OpenStore>()
  const recentOf = createRecentEvents(MAX_RECENT_BYTES)
  /** logs that are being copied stay open */
  const copying = new Set<StoreId>()
  let closed = false

  const openStore = (storeId: StoreId): OpenStore => {
    const { sql, backendId, copyTo, close } = openLogFile(path.join(directory, storeId), storeId)
    const store = openSqlStore(sql, { backendId, recent: recentOf(storeId), defer: afterInput })
    return { ...store, copyTo, closeFile: close }
  }

  const storeOf = (storeId: StoreId): OpenStore => {
    if (closed) throw closedError()
    const store = stores.get(storeId) ?? openStore(storeId)
    stores.delete(storeId)
    stores.set(storeId, store)
    if (stores.size > MAX_OPEN_FILES) {
      const idle = [...stores.keys()].find((each) => each !== storeId && !copying.has(each))
      if (idle !== undefined) closeStore(idle)
    }
    return store
  }

  const closeStore = (storeId: StoreId) => {
    const store = stores.get(storeId)
    store?.close()
    store?.closeFile()
    // Its file may be replaced by a backup until it is opened again.
    recentOf(storeId).clear()
    stores.delete(storeId)
  }

  const logOf = (storeId: StoreId): SqlEventLog => {
    let isOpen = true
    const store = () => {
      if (!isOpen) throw closedError()
      return storeOf(storeId)
    }
    return sqlEventLog(store, async () => void (isOpen = false))
  }

  return {
    open: async (storeId) => {
      const isOpen = stores.has(storeId)
      const log = logOf(storeId)
      // A log that a version without the read model has written.
      if (!isOpen) await catchUp(() => storeOf(storeId).sql)
      return log
    },
    storeIds: async () => {
      if (closed) throw closedError()
      const names = await readdir(directory).catch((error: unknown) => {
        throw toLogError(error, 'The folder of the event logs')
      })
      return names.flatMap((name) => /^(.+)\.id$/.exec(name)?.[1] ?? []).filter(isStoreId)
    },
    backUp: async (storeId, target) => {
      copying.add(storeId)
      try {
        const { copyTo, backendId } = storeOf(storeId)
        const base = path.join(target, storeId)
        await copyTo(base)
        return { backendId, head: readCopiedHead(`${base}.sqlite`) }
      } finally {
        copying.delete(storeId)
      }
    },
    close: async () => {
      if (closed) return
      closed = true
      for (const storeId of stores.keys()) closeStore(storeId)
      unlock()
    },
  }
}
