/** The event log in SQLite, over the few things that node:sqlite and a Durable Object's storage have in common. */
import { catchUp } from '../read-model/catch-up.ts'
import { settleClaim } from '../read-model/claims.ts'
import { runQuery } from '../read-model/query.ts'
import { createReadModel, type ReadModel, type ReadModelTables } from '../read-model/read-model.ts'
import { resetTables } from '../read-model/schema.ts'
import { readRedactions } from '../redact/audit.ts'
import { redactEvent } from '../redact/redact-event.ts'
import type { Redaction, RedactionCause, RedactResult } from '../redact/redaction.ts'
import { appendGroup } from './append-group.ts'
import type { EventLog, Page } from './event-log.ts'
import type { LogEvent } from './event.ts'
import { forget } from './log-memory.ts'
import { takeBatches, takePage } from './page.ts'
import { readEvents } from './sql-events.ts'
import type { SqlStore } from './sql-store.ts'
import type { Sql } from './sql.ts'

/** Redactions of one call, unless set. */
export const MAX_REDACTIONS = 1_000

/** An event log whose files the server can read. */
export interface SqlEventLog extends EventLog {
  readonly readModel: ReadModel

  /**
   * Replaces an event by one that does nothing, at the same number, and appends events that undo it on the devices that
   * applied it. The original goes to the audit table, and is refused when it is pushed again. Redacting it again changes
   * nothing. Takes time in proportion to the log.
   *
   * `SyncServer.redact` sends the news to devices, too; call this one where no device is connected.
   *
   * @throws RockpoolError `bad_request` when the log has no such event
   * @throws EventLogError
   */
  redact(seqNum: number, cause: RedactionCause): Promise<RedactResult>

  /** The audit table: at most `limit` (1,000 unless set) redactions of events after `since`, by number. */
  redactions(options?: { readonly since?: number; readonly limit?: number }): Promise<readonly Redaction[]>
}

/**
 * @param store asked for at each call, so that an adapter can close idle files
 * @param close ends this handle; the store stays open for others
 */
export const sqlEventLog = (store: () => SqlStore, close: () => Promise<void>): SqlEventLog => {
  const sql = () => store().sql
  return {
    backendId: store().backendId,
    head: async () => store().head(),
    append: async (parent, events, options) => store().append(parent, events, options),
    read: async (since, limits): Promise<Page> => {
      const { sql, memory, head } = store()
      const content = takeBatches(memory.recent?.after(since) ?? [], limits)
      const isCached = content.events.length > 0
      const page = isCached ? content : takePage(readEvents(sql, since, limits.limit), limits)
      return { head: head(), ...page }
    },
    close,
    redact: async (seqNum, cause) => {
      const { sql, memory } = store()
      const result = redactEvent(sql, seqNum, cause, (head, events) => compensate(sql, head, events, cause.at))
      forget(memory)
      return result
    },
    redactions: async ({ since = 0, limit = MAX_REDACTIONS } = {}) => readRedactions(sql(), since, limit),
    readModel: createReadModel(tablesIn(sql)),
  }
}

/** The read model's tables in the database of the log. */
const tablesIn = (sql: () => Sql): ReadModelTables => ({
  read: (query) => catchUp(sql, (database) => runQuery(database, query)),
  settleClaim: (claim, check) => catchUp(sql, (database) => settleClaim(database, claim, check)),
  rebuild: async () => {
    resetTables(sql())
    await catchUp(sql)
  },
})

/** Without the memory: it still has the original. */
const compensate = (sql: Sql, head: number, events: readonly LogEvent[], at: number) => {
  const [result] = appendGroup(sql, { recent: undefined, usage: undefined }, [
    { parent: head, events, options: { sub: undefined, at } },
  ])
  if (result!.status === 'rejected') throw result!.reason
  return result!.value.kind === 'appended' ? result!.value.added : []
}
