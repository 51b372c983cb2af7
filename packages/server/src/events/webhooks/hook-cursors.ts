/** How far each webhook is in each store. Survives a restart. */
import type { DatabaseSync } from 'node:sqlite'
import type { StoreId } from '@rockpool/protocol'
import type { Cursor } from '../cursor.ts'

export interface HookCursors {
  /** Whether the webhook was started before. */
  has(url: string): boolean
  /** Starts a webhook at these places; in all other stores it starts before the first event. */
  start(url: string, places: ReadonlyMap<StoreId, Cursor>): void
  /** Forgets webhooks that are not configured any more. */
  keepOnly(urls: readonly string[]): void
  /** undefined: nothing was delivered yet */
  read(url: string, storeId: StoreId): Cursor | undefined
  write(url: string, storeId: StoreId, cursor: Cursor): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS webhooks (url TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS webhook_cursors (
    url TEXT NOT NULL, storeId TEXT NOT NULL, backendId TEXT NOT NULL, seqNum INTEGER NOT NULL, PRIMARY KEY (url, storeId)
  ) STRICT, WITHOUT ROWID;`

export const hookCursors = (database: DatabaseSync): HookCursors => {
  database.exec(SCHEMA)
  const select = database.prepare('SELECT backendId, seqNum FROM webhook_cursors WHERE url = ? AND storeId = ?')
  const upsert = database.prepare(`INSERT INTO webhook_cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET backendId = excluded.backendId, seqNum = excluded.seqNum`)
  const write: HookCursors['write'] = (url, storeId, { backendId, seqNum }) =>
    void upsert.run(url, storeId, backendId, seqNum)
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
    has: (url) => database.prepare('SELECT 1 FROM webhooks WHERE url = ?').get(url) !== undefined,
    start: (url, places) =>
      transaction(() => {
        forget(url)
        database.prepare('INSERT INTO webhooks VALUES (?)').run(url)
        for (const [storeId, cursor] of places) write(url, storeId, cursor)
      }),
    keepOnly: (urls) =>
      transaction(() => {
        for (const { url } of database.prepare('SELECT url FROM webhooks').all()) {
          if (!urls.includes(url as string)) forget(url as string)
        }
      }),
    read: (url, storeId) => select.get(url, storeId) as Cursor | undefined,
    write,
  }
}
