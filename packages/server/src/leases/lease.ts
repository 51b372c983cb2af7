/** Work that one server at a time does, of several that share a database: a lease, which its holder renews. */
import type { Clock } from '@rockpool/sync-server'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'

export interface LeasedWork {
  /** Ends the work, and gives the lease back. */
  stop(): Promise<void>
}

export interface LeaseOptions {
  readonly database: PostgresDatabase
  /** of the work */
  readonly name: string
  /**
   * Starts the work. It has to be safe beside the work of another server for a moment: a holder that hangs for longer than the
   * lease notices that late.
   */
  readonly start: () => Promise<{ stop(): Promise<void> }>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** By the clock of Postgres. A server that died is replaced within this time and `POLL_MS`. */
export const LEASE_MS = 10_000
/** From one attempt to get or renew the lease to the next one. */
export const POLL_MS = 2_500

export const startLeasedWork = ({ database, name, start, clock, onError }: LeaseOptions): LeasedWork => {
  const holder = crypto.randomUUID()
  let work: { stop(): Promise<void> } | undefined
  /** unix ms, by the clock of this server */
  let heldUntil = 0
  let stopped = false
  let cancelTimer = () => {}

  const acquire = async (): Promise<boolean> => {
    // Before the query: Postgres counts from a later moment.
    const until = clock.now() + LEASE_MS
    const rows = await database.query(
      (sql) => sql`
        INSERT INTO rockpool.leases AS lease (name, holder, expires_at)
        VALUES (${name}, ${holder}, clock_timestamp() + make_interval(secs => ${LEASE_MS / 1_000}::integer))
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
        WHERE lease.holder = excluded.holder OR lease.expires_at < clock_timestamp()
        RETURNING name`,
    )
    if (rows.length > 0) heldUntil = until
    return rows.length > 0
  }

  const release = () =>
    database.query((sql) => sql`DELETE FROM rockpool.leases WHERE name = ${name} AND holder = ${holder}`)

  const endWork = async () => {
    const ending = work
    work = undefined
    await ending?.stop()
  }

  const turn = async () => {
    try {
      if (await acquire()) work ??= await start()
      else await endWork()
    } catch (error) {
      if (stopped) return
      onError(error)
      // Postgres does not respond: another server may have the lease.
      if (clock.now() + POLL_MS >= heldUntil) await endWork()
    }
  }

  let turning: Promise<void> = Promise.resolve()
  const run = () => {
    turning = turn().finally(() => {
      if (!stopped) cancelTimer = clock.setTimer(run, POLL_MS)
    })
  }
  run()

  return {
    stop: async () => {
      stopped = true
      cancelTimer()
      await turning
      await endWork()
      // Unless it can be given back, it ends by itself.
      await release().catch(onError)
    },
  }
}
