/** The read model over tables in Postgres, which all servers share. */
import type { StoreId } from '@rockpool/protocol'
import type { Clock } from '../../../clock.ts'
import type { Query } from '../../../read-model/query.ts'
import { MAX_GROUP } from '../../../read-model/catch-up.ts'
import { createReadModel, readApplied, type ReadModel } from '../../../read-model/read-model.ts'
import { CLAIMED, RULES_VERSION } from '../../../read-model/schema.ts'
import { missingLog } from '../append-group.ts'
import type { Connections } from '../connections.ts'
import { snapshot, transact } from '../database.ts'
import { applyGroup, clearTables } from './apply-group.ts'
import { readFileUse } from './file-use.ts'
import { runStoreQuery } from './store-query.ts'

/** From an append to the moment when the tables have it, unless someone reads before: for tools that read them by SQL. */
export const FOLLOW_MS = 1_000

export interface PostgresReadModel {
  readonly readModel: ReadModel
  /** Before an append that needs the tables: what it would apply while it locks the log is at most one group. */
  catchUp(): Promise<void>
  /** Call it after an append. */
  follow(): void
  /** Nothing is applied in the background any more. */
  stop(): Promise<void>
}

export interface PostgresReadModelOptions {
  readonly storeId: StoreId
  readonly backendId: string
  /** runs work with a connection; throws errors of the port */
  readonly use: Connections['use']
  readonly clock: Clock
}

export const postgresReadModel = ({ storeId, backendId, use, clock }: PostgresReadModelOptions): PostgresReadModel => {
  let applying: Promise<void> | undefined
  let cancelFollow: (() => void) | undefined

  const applyAll = async () => {
    while (await use((sql) => applyGroup(sql, storeId)));
  }

  /** Applies what waits. Calls at the same time share the work. */
  const catchUp = (): Promise<void> => (applying ??= applyAll().finally(() => (applying = undefined)))

  /** Runs `work` once the tables hold all events up to the head of this moment. */
  const read = async <A>(query: Query<A>): Promise<A> => {
    let target: number | undefined
    for (;;) {
      const found = await use((sql) =>
        snapshot(sql, async (transaction) => {
          const [row] = await transaction<{ head: number; log: string; applied: number | null; isCurrent: boolean }[]>`
            SELECT logs.head, logs.backend_id AS log, tables.applied,
              tables.rules = ${RULES_VERSION} AND tables.backend_id = logs.backend_id AS "isCurrent"
            FROM rockpool.logs logs LEFT JOIN rockpool.read_model tables ON tables.store_id = logs.store_id
            WHERE logs.store_id = ${storeId}`
          if (row?.log !== backendId) throw missingLog(storeId)
          // A database that was restored to an earlier state has fewer events.
          target = Math.min(target ?? row.head, row.head)
          if (!row.isCurrent || row.applied === null || row.applied < target) return undefined
          return { value: await runStoreQuery(transaction, storeId, query) }
        }),
      )
      if (found) return found.value
      await catchUp()
    }
  }

  const queries = createReadModel({
    read,
    settleClaim: async ({ remoteKey, seqNum }, { at, found }) => {
      await read(readApplied())
      const settled = await use(
        (sql) => sql`
          UPDATE rockpool.contents SET checked_at = ${at}, found = ${found ? 1 : 0}
          WHERE store_id = ${storeId} AND remote_key = ${remoteKey} AND seq_num = ${seqNum} AND ${sql.unsafe(CLAIMED)}`,
      )
      return settled.count === 1
    },
    rebuild: async () => {
      await catchUp()
      await use((sql) => transact(sql, (transaction) => clearTables(transaction, storeId)))
      await read(readApplied())
    },
  })

  return {
    readModel: { ...queries, keptUsage: (ownerId) => read(readFileUse(ownerId)) },
    catchUp: async () => {
      // Most appends find little, and apply it themselves.
      const [row] = await use(
        (sql) => sql<{ isFar: boolean }[]>`
          SELECT tables.rules IS DISTINCT FROM ${RULES_VERSION}::integer OR logs.head - tables.applied > ${MAX_GROUP} AS "isFar"
          FROM rockpool.logs logs LEFT JOIN rockpool.read_model tables ON tables.store_id = logs.store_id
          WHERE logs.store_id = ${storeId}`,
      )
      if (row?.isFar) await catchUp()
    },
    follow: () => {
      cancelFollow ??= clock.setTimer(() => {
        cancelFollow = undefined
        // The events still wait, so the error comes again, to the next reader.
        catchUp().catch(() => {})
      }, FOLLOW_MS)
    },
    stop: async () => {
      cancelFollow?.()
      await applying?.catch(() => {})
    },
  }
}
