/**
 * What the server itself has to remember, beside logs and bytes: `state.sqlite` in the data folder. Each module creates the
 * tables that it uses; see {@link ServerState.database}.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export const STATE_FILE = 'state.sqlite'

/** Raise it when a table changes. */
const VERSION = 1

export interface ServerState {
  readonly database: DatabaseSync
  close(): void
}

/** @throws Error of one line when the file is damaged, or of a newer version */
export const openState = (dataDir: string): ServerState => {
  const file = join(dataDir, STATE_FILE)
  // SQLite gives its files beside this one the same mode.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const { user_version: version } = database.prepare('PRAGMA user_version').get()!
    if (Number(version) > VERSION) throw new Error(`A newer version of Rockpool wrote ${file}. Update this server.`)
    database.exec(`PRAGMA user_version = ${VERSION}`)
    return { database, close: () => database.close() }
  } catch (error) {
    database.close()
    if ((error as { readonly code?: unknown }).code !== 'ERR_SQLITE_ERROR') throw error
    throw new Error(`The file ${file} cannot be used (${(error as Error).message}). Restore it from a backup.`, {
      cause: error,
    })
  }
}
