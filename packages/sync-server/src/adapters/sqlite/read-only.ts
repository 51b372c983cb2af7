/** Looks into a SQLite file without writing anything beside it. */
import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

/** No process may write to the file. A reader of a file in WAL mode leaves `-wal` and `-shm` beside it, unless it is immutable. */
export const openReadOnly = (file: string): DatabaseSync => {
  const wal = `${file}-wal`
  if (existsSync(wal) && statSync(wal).size > 0) return new DatabaseSync(file, { readOnly: true })
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  return new DatabaseSync(url, { readOnly: true })
}
