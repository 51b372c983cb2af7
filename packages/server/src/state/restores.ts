/**
 * Which restore a data folder comes from. A restored log keeps its id, or devices would lose what they have not synced. But its
 * later events have the numbers of events that readers have seen before the restore, so cursors of events name the restore, too.
 */
import type { DatabaseSync } from 'node:sqlite'
import { randomBytes } from 'node:crypto'
import type { Logs, SqlEventLog } from '@rockpool/sync-server'
import type { ReadableLogs } from '../rest/services.ts'

const SCHEMA = 'CREATE TABLE IF NOT EXISTS restores (id TEXT NOT NULL, at INTEGER NOT NULL) STRICT'

/** Notes a restore that takes place now. @param at unix ms */
export const noteRestore = (database: DatabaseSync, at: number): void => {
  database.exec(SCHEMA)
  database.prepare('INSERT INTO restores VALUES (?, ?)').run(randomBytes(6).toString('hex'), at)
}

/** @returns the id of the last restore; undefined: the data folder was never restored */
export const lastRestore = (database: DatabaseSync): string | undefined => {
  database.exec(SCHEMA)
  const row = database.prepare('SELECT id FROM restores ORDER BY rowid DESC LIMIT 1').get()
  return row?.id as string | undefined
}

/** The logs with the ids that cursors have since the last restore. */
export const withCursorIds = (logs: Logs<SqlEventLog>, restoreId: string | undefined): ReadableLogs => ({
  ...logs,
  open: async (storeId) => {
    const log = await logs.open(storeId)
    const { backendId } = log
    return { ...log, cursorId: restoreId === undefined ? backendId : `${backendId}-${restoreId}` }
  },
})
