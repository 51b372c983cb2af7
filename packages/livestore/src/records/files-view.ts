/** A short name for joins in an app's own SQL. */
import type { Store } from '@livestore/livestore'
import { RockpoolError } from '@rockpool/protocol'

/**
 * Creates the view `files`: the rows of `rockpool_files` without those of deleted files. Queries of it rerun as those of
 * the table do. Call it once after the store is opened.
 *
 * A LiveStore 0.4.0 schema has no views, so this one is temporary: it exists in this tab's database until the store is
 * closed, and materializers must not use it.
 *
 * @throws RockpoolError `unsupported` when the app has an own table `files`, which the view would hide
 */
export const createFilesView = (store: Store<any, any>): void => {
  const own = [...store.schema.state.sqlite.tables.keys()].find((name) => name.toLowerCase() === 'files')
  if (own !== undefined) {
    throw new RockpoolError(
      'unsupported',
      `The LiveStore schema has an own table "${own}", which the view "files" would hide. Use rockpool_files in SQL instead.`,
    )
  }
  store.query({
    query: 'CREATE TEMP VIEW IF NOT EXISTS files AS SELECT * FROM rockpool_files WHERE deletedAt IS NULL',
    bindValues: {},
  })
}
