/** Keeps a second process out of a folder: SQLite's exclusive file lock, which the system releases when a process dies. */
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toLogError } from './errors.ts'

/**
 * No store id has a dot, so no log has this name.
 *
 * @param what the folder, as the subject of a sentence
 * @returns releases the lock
 * @throws EventLogError `locked`, `unavailable`
 */
export const lockFolder = (directory: string, what = 'The folder of the event logs'): (() => void) => {
  let database: DatabaseSync | undefined
  try {
    const file = path.join(directory, 'folder.lock')
    closeSync(openSync(file, 'a', 0o600))
    database = new DatabaseSync(file)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    const { close } = database
    return close.bind(database)
  } catch (error) {
    database?.close()
    throw toLogError(error, what)
  }
}
