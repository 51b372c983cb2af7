/** An open log in SQLite: what all its handles in this process share. */
import { createFollower } from '../read-model/catch-up.ts'
import { appendGroup } from './append-group.ts'
import { createCommitQueue, type Defer } from './commit-queue.ts'
import type { AppendOptions, AppendResult } from './event-log.ts'
import type { LogEvent } from './event.ts'
import type { LogMemory } from './log-memory.ts'
import type { RecentEvents } from './recent-events.ts'
import { readHead } from './sql-events.ts'
import type { Sql } from './sql.ts'

export interface SqlStore {
  readonly sql: Sql
  readonly backendId: string
  readonly memory: LogMemory
  /** The number of the last event; 0 while the log is empty. */
  head(): number
  append(parent: number, events: readonly LogEvent[], options: AppendOptions): Promise<AppendResult>
  /** Commits the appends that wait, and ends what runs in the background. Call it before the database is closed. */
  close(): void
}

export interface SqlStoreOptions {
  readonly backendId: string
  /** none are kept unless set */
  readonly recent?: RecentEvents
  /** when the appends that wait are committed together; each by itself unless set */
  readonly defer?: Defer
}

const immediately: Defer = (run) => run()

export const openSqlStore = (sql: Sql, { backendId, recent, defer = immediately }: SqlStoreOptions): SqlStore => {
  const memory: LogMemory = { recent, usage: undefined }
  const head = () => memory.usage?.events ?? readHead(sql)
  const follower = createFollower(sql, recent)
  const queue = createCommitQueue((appends) => {
    const results = appendGroup(sql, memory, appends)
    follower.follow(head())
    return results
  }, defer)
  return {
    sql,
    backendId,
    memory,
    head,
    append: (parent, events, options) => queue.add({ parent, events, options }),
    close: () => {
      queue.flush()
      follower.stop()
    },
  }
}
