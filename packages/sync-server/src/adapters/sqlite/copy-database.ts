/** Copies a SQLite database that this process has locked, as it is at one moment. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import * as sqlite from 'node:sqlite'

/** Node 22.15 does not have it. */
const backup: typeof sqlite.backup | undefined = sqlite.backup

/** Pages copied between two turns of the event loop: some ms. */
const COPIED_PAGES = 200

/** On disk when this resolves; a file that is there is replaced. Writes to the database continue, except on Node 22.15. */
export const copyDatabase = async (database: sqlite.DatabaseSync, file: string): Promise<void> => {
  const unfinished = `${file}.new`
  try {
    while (!(await isCopied(database, unfinished)));
    const handle = openSync(unfinished, 'r+')
    fsyncSync(handle)
    closeSync(handle)
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/**
 * The pages are copied in a thread, and a step that meets a transaction of this one is repeated by Node, but for the first: it
 * ends the copy with SQLite's "not an error" (checked with Node 24.21). Without `backup`, one statement copies everything.
 *
 * @returns false when the copy has to begin again
 */
const isCopied = async (database: sqlite.DatabaseSync, file: string): Promise<boolean> => {
  rmSync(file, { force: true })
  closeSync(openSync(file, 'a', 0o600))
  if (!backup) {
    database.prepare('VACUUM INTO ?').run(file)
    return true
  }
  try {
    await backup(database, file, { rate: COPIED_PAGES })
    return true
  } catch (error) {
    if ((error as { readonly errcode?: unknown }).errcode === 0) return false
    throw error
  }
}
