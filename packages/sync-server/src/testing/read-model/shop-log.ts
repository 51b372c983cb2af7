/** The log that the cases of the read model run over: of the store `shop`, a new one for each test. */
import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import type { EventLog } from '../../event-log/event-log.ts'
import type { LogEvent } from '../../event-log/event.ts'
import type { SqlEventLog } from '../../event-log/sql-log.ts'
import type { FileQuery } from '../../read-model/file-query.ts'
import { keysOf, type ReadModel } from '../../read-model/read-model.ts'
import { toLogEvent } from '../file-events.ts'

export interface ReadModelSubject extends AsyncDisposable {
  /** Opens the log of the store `shop`, which is empty at first. */
  open(): Promise<SqlEventLog>
  /** Runs a statement in the database of this log, behind its back. The log is opened again after it. */
  alter(statement: string): Promise<void>
  /** The rows of a query in the database of this log, as another tool reads them. The log is opened again after it. */
  select(query: string): Promise<readonly object[]>
  readonly statements: ReadModelStatements
}

/** Statements that differ between databases. */
export interface ReadModelStatements {
  /** Makes the table of files refuse rows of the name `poison`, with the message `poisoned`. */
  readonly poison: string
  /** Ends that. */
  readonly cure: string
  /** Stores event 3 once more, as event 7, with `shoal` in place of `lagoon`. */
  readonly appendCopy: string
}

export const SQLITE_STATEMENTS: ReadModelStatements = {
  poison: `CREATE TRIGGER poison BEFORE INSERT ON files WHEN new.name = 'poison'
    BEGIN SELECT RAISE(ABORT, 'poisoned'); END`,
  cure: 'DROP TRIGGER poison',
  appendCopy: `INSERT INTO events SELECT 7, name, replace(args, 'lagoon', 'shoal'), clientId, sessionId, sub, at
    FROM events WHERE seqNum = 3`,
}

/** `log` and `model` exist within a test only. */
export interface ShopLog {
  readonly log: EventLog
  readonly model: ReadModel
  readonly statements: ReadModelStatements
  /** Appends as `ada`, or another user; null: as an import does. */
  append(events: readonly Omit<LogEvent, 'seqNum'>[], sub?: string | null): Promise<void>
  push(...events: readonly PoolEvent[]): Promise<void>
  /** Runs a statement behind the log's back, and opens the log again. */
  alter(statement: string): Promise<void>
  /** The rows of a query behind the log's back. */
  select(query: string): Promise<readonly object[]>
  idsOf(query?: FileQuery): Promise<string[]>
  liveKeys(): Promise<Set<RemoteKey>>
  namedKeys(): Promise<Set<RemoteKey>>
}

/** @param subject of the running test; `open` it before each */
export const createShopLog = (subject: () => ReadModelSubject): ShopLog & { open(): Promise<void> } => {
  let log: SqlEventLog
  const open = async () => {
    log = await subject().open()
  }
  const append: ShopLog['append'] = async (events, sub = 'ada') => {
    const head = await log.head()
    const numbered = events.map((event, index) => Object.assign({ seqNum: head + 1 + index }, event))
    await log.append(head, numbered, { sub: sub ?? undefined, at: 1_000 + head })
  }
  return {
    open,
    get log() {
      return log
    },
    get model() {
      return log.readModel
    },
    get statements() {
      return subject().statements
    },
    append,
    push: (...events) => append(events.map(toLogEvent)),
    alter: async (statement) => {
      await subject().alter(statement)
      await open()
    },
    select: async (query) => {
      const rows = await subject().select(query)
      await open()
      return rows
    },
    idsOf: async (query = {}) => (await log.readModel.files(query)).files.map(({ id }) => id),
    liveKeys: async () => new Set((await allPages(log.readModel.liveKeys)).flat()),
    namedKeys: async () => new Set((await allPages(log.readModel.namedKeys)).flat()),
  }
}

const allPages = async (read: ReadModel['liveKeys']): Promise<(readonly RemoteKey[])[]> => {
  const pages = []
  for await (const keys of keysOf(read)) pages.push(keys)
  return pages
}
