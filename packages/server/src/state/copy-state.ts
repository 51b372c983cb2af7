/** Copies `state.sqlite` for a backup, while a server may use it. */
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { STATE_FILE } from './open-state.ts'

/** One that is there is replaced. A data folder without the file has nothing to copy. */
export const copyState = (dataDir: string, folder: string): void => {
  const [from, to] = [join(dataDir, STATE_FILE), join(folder, STATE_FILE)]
  rmSync(to, { force: true })
  if (!existsSync(from)) return
  const database = new DatabaseSync(from)
  try {
    // Reads the write-ahead log, too.
    database.prepare('VACUUM INTO ?').run(to)
  } finally {
    database.close()
  }
  chmodSync(to, 0o600)
}
