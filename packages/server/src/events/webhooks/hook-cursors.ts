/** How far each webhook is in each store. Survives a restart. */
import type { DatabaseSync } from 'node:sqlite'
import type { StoreId } from '@rockpool/protocol'
import type { Cursor } from '../cursor.ts'

export interface HookCursors {
  /** What a webhook was started with; undefined for a new one. */
  startOf(url: string): HookStart | undefined
  /** Starts a webhook at these places; in all other stores it starts before the first event. */
  start(url: string, start: HookStart, places: ReadonlyMap<StoreId, Cursor>): void
  /** Keeps the places. */
  setStart(url: string, start: HookStart): void
  /** Forgets webhooks that are not configured any more. */
  keepOnly(urls: readonly string[]): void
  /** undefined: nothing was delivered yet */
  read(url: string, storeId: StoreId): Cursor | undefined
  write(url: string, storeId: StoreId, cursor: Cursor): void
}

export interface HookStart {
  /** the buckets whose files wait for this webhook */
  readonly holding: readonly string[]
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS webhooks (url TEXT PRIMARY KEY, holding TEXT NOT NULL) STRICT;
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
    startOf: (url) => {
      const row = database.prepare('SELECT holding FROM webhooks WHERE url = ?').get(url)
      return row && { holding: JSON.parse(row.holding as string) as readonly string[] }
    },
    start: (url, { holding }, places) =>
      transaction(() => {
        forget(url)
        database.prepare('INSERT INTO webhooks VALUES (?, ?)').run(url, JSON.stringify(holding))
        for (const [storeId, cursor] of places) write(url, storeId, cursor)
      }),
    setStart: (url, { holding }) =>
      void database.prepare('UPDATE webhooks SET holding = ? WHERE url = ?').run(JSON.stringify(holding), url),
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
