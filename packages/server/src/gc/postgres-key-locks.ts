/**
 * The locks as rows in Postgres, for servers that share their event logs. Rows, since a lock of a connection would end while a
 * delete is still on its way to S3.
 *
 * Any server removes the expired rows of a server that died. Shared locks rest on no clock nevertheless: an upload is
 * acknowledged only if its own row was still there after the log had named the key. An exclusive lock rests on the rate of clocks,
 * not on their time: its holder counts from before the statement that Postgres counts from, and S3 refuses deletes that arrive later.
 */
import { randomUUID } from 'node:crypto'
import { type RemoteKey, RockpoolError } from '@rockpool/protocol'
import type { Clock } from '@rockpool/sync-server'
import { arrayLiteral, type PostgresDatabase, type TransactionSql } from '@rockpool/sync-server/postgres'
import { DELETE_MS, type KeyLocks, LEASE_MS, pollShared, type SharedLock } from './key-locks.ts'

/** From one renewal of an exclusive lock to the next one. */
export const RENEW_MS = 4_000

/** Longer than any upload takes from its last byte to its response. Garbage of a server that died stays as much longer. */
const SHARED_MS = 24 * 60 * 60_000

export const postgresKeyLocks = ({ query, transact }: PostgresDatabase, clock: Clock): KeyLocks => {
  const tryShared = async (key: RemoteKey): Promise<SharedLock | undefined> => {
    const holder = randomUUID()
    const keys = await transact((sql) => insert(sql, holder, [key], 'shared'))
    if (keys.length === 0) return undefined
    return {
      release: async () => {
        const { count } = await query(
          (sql) => sql`DELETE FROM rockpool.key_locks WHERE remote_key = ${key} AND holder = ${holder}`,
        )
        if (count === 0) throw lockLost()
      },
    }
  }
  return {
    acquireShared: (key, signal) => pollShared(() => tryShared(key), clock, signal),
    tryExclusive: async (wanted) => {
      const holder = randomUUID()
      let renewedAt = performance.now()
      const keys = new Set(await transact((sql) => insert(sql, holder, wanted, 'exclusive')))
      const held = new Set(keys)

      const renew = async () => {
        const startedAt = performance.now()
        const rows = await query(
          (sql) => sql<{ remote_key: RemoteKey }[]>`
            UPDATE rockpool.key_locks SET expires_at = now() + make_interval(secs => ${LEASE_MS / 1_000}::integer)
            WHERE holder = ${holder} AND expires_at > clock_timestamp() RETURNING remote_key`,
        )
        const renewed = new Set(rows.map((row) => row.remote_key))
        // Without one of them the lease is over for all: their deletes have the same time.
        if ([...held].every((key) => renewed.has(key))) renewedAt = startedAt
      }
      let ended = keys.size === 0
      let cancelTimer = () => {}
      const schedule = () => {
        if (ended) return
        cancelTimer = clock.setTimer(() => {
          // What is not renewed ends by itself, and with it the time for deletes.
          void renew()
            .catch(() => {})
            .then(schedule)
        }, RENEW_MS)
      }
      schedule()

      return {
        keys,
        deleteBefore: () => renewedAt + DELETE_MS,
        release: async (some) => {
          for (const key of some) held.delete(key)
          await query(
            (sql) => sql`
              DELETE FROM rockpool.key_locks
              WHERE remote_key = ANY (${arrayLiteral(some)}::text[]) AND holder = ${holder}`,
          )
        },
        end: () => {
          ended = true
          cancelTimer()
        },
      }
    },
  }
}

/** @returns the keys that are locked now */
const insert = async (
  sql: TransactionSql,
  holder: string,
  keys: readonly RemoteKey[],
  kind: 'shared' | 'exclusive',
): Promise<readonly RemoteKey[]> => {
  // In one order, so that no two transactions wait for each other. The next statement sees what the one before committed.
  const wanted = arrayLiteral(keys.toSorted())
  await sql`
    SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(${wanted}::text[]) WITH ORDINALITY AS wanted (key, n)
    ORDER BY n`
  await sql`DELETE FROM rockpool.key_locks WHERE remote_key = ANY (${wanted}::text[]) AND expires_at < clock_timestamp()`
  const isExclusive = kind === 'exclusive'
  const seconds = (isExclusive ? LEASE_MS : SHARED_MS) / 1_000
  const rows = await sql<{ remote_key: RemoteKey }[]>`
    INSERT INTO rockpool.key_locks (remote_key, holder, is_exclusive, expires_at)
    SELECT key, ${holder}::text, ${isExclusive}::boolean, now() + make_interval(secs => ${seconds}::integer)
    FROM unnest(${wanted}::text[]) AS wanted (key)
    WHERE NOT EXISTS (
      SELECT FROM rockpool.key_locks WHERE remote_key = key AND (is_exclusive OR ${isExclusive}::boolean)
    ) RETURNING remote_key`
  return rows.map((row) => row.remote_key)
}

const lockLost = () =>
  new RockpoolError('storage_unavailable', 'This upload took over a day. Send the file again.', { retryAfterMs: 1_000 })
