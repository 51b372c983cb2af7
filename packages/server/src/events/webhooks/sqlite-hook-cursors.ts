/** The cursors of webhooks of one server, in its `state.sqlite`. */
import type { DatabaseSync } from 'node:sqlite'
import type { Cursor } from '../cursor.ts'
import type { HookCursors } from './hook-cursors.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS webhooks (url TEXT PRIMARY KEY, holding TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS webhook_cursors (
    url TEXT NOT NULL, storeId TEXT NOT NULL, backendId TEXT NOT NULL, seqNum INTEGER NOT NULL, PRIMARY KEY (url, storeId)
  ) STRICT, WITHOUT ROWID;`

export const sqliteHookCursors = (database: DatabaseSync): HookCursors => {
  database.exec(SCHEMA)
  const select = database.prepare('SELECT backendId, seqNum FROM webhook_cursors WHERE url = ? AND storeId = ?')
  const upsert = database.prepare(`INSERT INTO webhook_cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET backendId = excluded.backendId, seqNum = excluded.seqNum`)
  const transaction = (work: () => void) => {
    database.exec('BEGIN IMMEDIATE')
    try {
      work()
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
  const forget = (url: string) => {
    database.prepare('DELETE FROM webhooks WHERE url = ?').run(url)
    database.prepare('DELETE FROM webhook_cursors WHERE url = ?').run(url)
  }
  return {
    startOf: async (url) => {
      const row = database.prepare('SELECT holding FROM webhooks WHERE url = ?').get(url)
      return row && { holding: JSON.parse(row.holding as string) as readonly string[] }
    },
    start: async (url, { holding }, places) =>
      transaction(() => {
        forget(url)
        database.prepare('INSERT INTO webhooks VALUES (?, ?)').run(url, JSON.stringify(holding))
        for (const [storeId, { backendId, seqNum }] of places) upsert.run(url, storeId, backendId, seqNum)
      }),
    setStart: async (url, { holding }) =>
      void database.prepare('UPDATE webhooks SET holding = ? WHERE url = ?').run(JSON.stringify(holding), url),
    keepOnly: async (urls) =>
      transaction(() => {
        for (const { url } of database.prepare('SELECT url FROM webhooks').all()) {
          if (!urls.includes(url as string)) forget(url as string)
        }
      }),
    read: async (url, storeId) => select.get(url, storeId) as Cursor | undefined,
    write: async (url, storeId, { backendId, seqNum }) => void upsert.run(url, storeId, backendId, seqNum),
  }
}
