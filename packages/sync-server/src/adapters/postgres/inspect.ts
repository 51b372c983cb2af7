/** What a database is like, for the doctor of a server. */
import type { Clock } from '../../clock.ts'
import { systemClock } from '../../clock.ts'
import { isEventLogError } from '../../event-log/event-log.ts'
import { connect } from './database.ts'
import { withDeadline } from './deadline.ts'
import { noResponse, toLogError } from './errors.ts'
import { listen } from './listen.ts'

export interface PostgresFacts {
  /** as Postgres says it, such as `15.8 (Debian 15.8-0+deb12u1)` */
  readonly version: string
  /** such as 150008 */
  readonly versionNumber: number
  /** settings by which a commit is on disk when it returns: `on`, `off`, … */
  readonly fsync: string
  readonly synchronousCommit: string
  /** the schema `rockpool` is there, or the user may create it */
  readonly hasSchema: boolean
  /** LISTEN and NOTIFY work: no pooler stands between */
  readonly passesNotices: boolean
}

const TIMEOUT_MS = 30_000

/**
 * Changes nothing.
 *
 * @throws EventLogError `unavailable` when the database cannot be reached or used
 */
export const inspectPostgres = async ({
  url,
  clock = systemClock,
}: {
  readonly url: string
  readonly clock?: Clock
}): Promise<PostgresFacts> => {
  const sql = connect(url, { onClose: () => {} })
  try {
    const facts = sql<Omit<PostgresFacts, 'passesNotices'>[]>`
      SELECT current_setting('server_version') AS version,
        current_setting('server_version_num')::integer AS "versionNumber",
        current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS "synchronousCommit",
        to_regnamespace('rockpool') IS NOT NULL
          OR has_database_privilege(current_database(), 'CREATE') AS "hasSchema"`
    const [row] = await withDeadline(clock, TIMEOUT_MS, facts, () => noResponse(TIMEOUT_MS / 1_000))
    return { ...row!, passesNotices: await passesNotices(url, clock) }
  } catch (error) {
    throw toLogError(error)
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const passesNotices = async (url: string, clock: Clock): Promise<boolean> => {
  const watcher = { appended: () => {}, resumed: () => {} }
  const listener = listen({ url, origin: crypto.randomUUID(), clock }, watcher)
  try {
    await listener.ready
    return true
  } catch (error) {
    // The database itself responds: only the notice is missing.
    if (isEventLogError(error)) return false
    throw error
  } finally {
    await listener.stop()
  }
}
