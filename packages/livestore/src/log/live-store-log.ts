/** The RecordLog port on a LiveStore store whose schema has the rockpool tables, events and materializers. */
import { queryDb, Schema, type Store, StoreInternalsSymbol } from '@livestore/livestore'
import {
  type ChangeCursor,
  DEFAULT_LIST_LIMIT,
  type FileQuery,
  type PoolEvent,
  type RecordChanges,
  type RecordLog,
} from '@rockpool/core'
import { RockpoolError } from '@rockpool/protocol'
import { Effect, Scope } from 'effect'
import { checkSchema } from '../records/check-schema.ts'
import { toLiveStoreEvent } from '../records/events.ts'
import {
  type FileRow,
  type OperationRow,
  type RemoteContentRow,
  toFileRecord,
  toFileVersion,
  toRemoteContent,
  type VersionRow,
} from '../records/rows.ts'
import { watchSyncStatus } from '../sync-client/status-channel.ts'
import { placesToRemember, readCursor, resumeAt, writeCursor } from './change-cursor.ts'
import { confirmations } from './confirmations.ts'
import { removeOpfsFolder } from './erase.ts'
import { requirePlugin } from './plugin-mark.ts'

export interface LiveStoreLogOptions {
  /** an open store; it stays the app's: `close()` of the log leaves it open, only `erase()` shuts it down */
  readonly store: Store<any, any>
  /** removes the local data of the store's adapter; LiveStore's OPFS folder when not given */
  readonly removeData?: () => Promise<void>
}

/** Files that are not deleted. An index has them in this order, with and without a bucket, so the limit bounds the scan. */
export const listQuery = ({ bucket, search, limit = DEFAULT_LIST_LIMIT, offset = 0 }: FileQuery) => ({
  query: `SELECT * FROM rockpool_files WHERE deletedAt IS NULL${bucket === undefined ? '' : ' AND bucket = $bucket'}${
    // SQLite's lower() is ASCII only, as the port says
    search === undefined || search === '' ? '' : ' AND instr(lower(name), lower($search)) > 0'
  } ORDER BY createdAt DESC, id DESC LIMIT $limit OFFSET $offset`,
  bindValues: {
    ...(bucket === undefined ? {} : { bucket }),
    ...(search === undefined || search === '' ? {} : { search }),
    // -1 is SQLite's "no limit"
    limit: Number.isFinite(limit) ? Math.max(0, Math.trunc(limit)) : -1,
    offset: Math.max(0, Math.trunc(offset)),
  },
})

/** @throws RockpoolError `unsupported` without the plugin, or when the store's schema lacks Rockpool's parts or replaces one */
export const liveStoreLog = ({
  store,
  removeData = () => removeOpfsFolder(store.storeId),
}: LiveStoreLogOptions): RecordLog => {
  requirePlugin()
  checkSchema(store.schema)
  const select = <Row>(query: string, bindValues: Record<string, string | number> = {}): readonly Row[] => {
    try {
      return store.query<readonly Row[]>({ query, bindValues })
    } catch (cause) {
      throw closed(cause)
    }
  }
  const operationAt = (seq: number) =>
    select<OperationRow>('SELECT * FROM rockpool_applied_operations WHERE seq = $seq', { seq })[0]

  const unsubscribers = new Set<() => void>()
  const sync = watchSyncStatus(store.storeId)
  // LiveStore stops a store by itself, too: after an error of its leader, for example. Its commits then go nowhere.
  const { effectContext } = store[StoreInternalsSymbol]
  let isStopped = false
  const onStop = Effect.sync(() => {
    isStopped = true
    sync.stop()
  })
  Effect.runSync(Scope.addFinalizer(effectContext.lifetimeScope, onStop))
  const stopWatching = () => {
    for (const end of unsubscribers) end()
    sync.close()
  }

  return {
    storeId: store.storeId,

    append(events: readonly PoolEvent[]) {
      if (events.length === 0) return
      if (isStopped) throw closed()
      try {
        store.commit(...events.map(toLiveStoreEvent))
      } catch (cause) {
        throw closed(cause)
      }
      // LiveStore 0.4.0 does not throw when a materializer or the database fails: `commit` shuts the store down and returns.
      if (store[StoreInternalsSymbol].isShutdown) throw closed()
    },

    file: (id) => toFileRecord(select<FileRow>('SELECT * FROM rockpool_files WHERE id = $id', { id })[0]),

    list(query) {
      const { query: sql, bindValues } = listQuery(query)
      return select<FileRow>(sql, bindValues).map((row) => toFileRecord(row))
    },

    versions: (fileId) =>
      select<VersionRow>(
        `SELECT versions.* FROM rockpool_file_versions AS versions
         JOIN rockpool_applied_operations ON opId = versions.id WHERE fileId = $fileId ORDER BY seq DESC`,
        { fileId },
      ).map((row) => toFileVersion(row)),

    version: (id) =>
      select<VersionRow>('SELECT * FROM rockpool_file_versions WHERE id = $id', { id }).map((row) =>
        toFileVersion(row),
      )[0],

    filesWithContent: (remoteKey) =>
      select<FileRow>('SELECT * FROM rockpool_files WHERE remoteKey = $remoteKey', { remoteKey }).map((row) =>
        toFileRecord(row),
      ),

    filesWithVersion: (remoteKey) =>
      select<FileRow>(
        `SELECT * FROM rockpool_files
         WHERE id IN (SELECT fileId FROM rockpool_file_versions WHERE remoteKey = $remoteKey)`,
        { remoteKey },
      ).map((row) => toFileRecord(row)),

    remoteContent: (remoteKey) =>
      toRemoteContent(
        select<RemoteContentRow>('SELECT * FROM rockpool_remote_contents WHERE remoteKey = $remoteKey', {
          remoteKey,
        })[0],
      ),

    applied: (opId) => select('SELECT seq FROM rockpool_applied_operations WHERE opId = $opId', { opId }).length > 0,

    changes(cursor: ChangeCursor | undefined, limit: number): RecordChanges {
      const { seq, rolledBack } = resumeAt(readCursor(cursor), (place) => operationAt(place)?.opId)
      const rows = select<OperationRow>(
        'SELECT * FROM rockpool_applied_operations WHERE seq > $seq ORDER BY seq LIMIT $limit',
        {
          seq,
          limit: limit + 1,
        },
      )
      const operations = rows.slice(0, limit)
      const places = placesToRemember(operations.at(-1)?.seq ?? seq).flatMap((place) => operationAt(place) ?? [])
      return {
        subjects: [...new Set([...rolledBack, ...operations.map(({ subject }) => subject)])],
        opIds: operations.map(({ opId }) => opId),
        cursor: writeCursor(places),
        more: rows.length > limit,
      }
    },

    subscribe(listener) {
      // LiveStore runs the query after each write to the table, by this tab or through sync. `map` makes each result a new
      // object: after a rebase the last row may be the same although others have moved.
      const query = queryDb(
        {
          query: 'SELECT max(seq) AS seq FROM rockpool_applied_operations',
          schema: Schema.Array(Schema.Struct({ seq: Schema.NullOr(Schema.Number) })),
        },
        { label: 'rockpool:changes', map: () => Symbol('changed') },
      )
      let unsubscribe: () => void
      try {
        unsubscribe = store.subscribe(query, () => listener(), { skipInitialRun: true })
      } catch (cause) {
        throw closed(cause)
      }
      const end = () => {
        if (unsubscribers.delete(end)) unsubscribe()
      }
      unsubscribers.add(end)
      return end
    },

    confirmations: (since, signal) => confirmations(store, since, signal),

    sync,

    refusals: sync.refusals,

    async close() {
      stopWatching()
    },

    async erase() {
      stopWatching()
      await store.shutdownPromise().catch(() => undefined) // it was shut down before
      await removeData()
    },
  }
}

const closed = (cause?: unknown) =>
  new RockpoolError('closed', 'The LiveStore store was shut down. Open the store and the pool again.', { cause })
