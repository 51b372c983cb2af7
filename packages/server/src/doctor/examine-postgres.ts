/** What can be wrong with the Postgres of the event logs. */
import type { PostgresFacts } from '@rockpool/sync-server/postgres'
import type { Finding } from './examine-folder.ts'

/** Older ones get no fixes any more (https://www.postgresql.org/support/versioning/). */
const OLDEST_VERSION = 14

/** Changes nothing. */
export const examinePostgres = async (url: string): Promise<readonly Finding[]> => {
  const { inspectPostgres } = await import('@rockpool/sync-server/postgres')
  try {
    return findingsOf(await inspectPostgres({ url }))
  } catch (error) {
    return [{ name: 'Postgres', verdict: 'fail', detail: (error as Error).message }]
  }
}

/** Pure. */
export const findingsOf = (facts: PostgresFacts): readonly Finding[] => {
  const { version, versionNumber, fsync, synchronousCommit, hasSchema, passesNotices } = facts
  return [
    versionNumber >= OLDEST_VERSION * 10_000
      ? { name: 'Postgres', verdict: 'ok', detail: `version ${version} responds` }
      : {
          name: 'Postgres',
          verdict: 'warn',
          detail: `version ${version} is old. Update it to ${OLDEST_VERSION} or newer.`,
        },
    hasSchema
      ? { name: 'Postgres: schema', verdict: 'ok', detail: 'the schema rockpool is there, or can be created' }
      : {
          name: 'Postgres: schema',
          verdict: 'fail',
          detail: 'the schema rockpool is missing. Grant CREATE on the database to the user in its URL.',
        },
    durability('fsync', fsync),
    durability('synchronous_commit', synchronousCommit),
    passesNotices
      ? { name: 'Postgres: notices', verdict: 'ok', detail: 'LISTEN and NOTIFY work' }
      : {
          name: 'Postgres: notices',
          verdict: 'fail',
          detail:
            'no notice arrives (LISTEN, NOTIFY). Name Postgres itself in its URL, not a pooler such as PgBouncer.',
        },
  ]
}

/** Off, what was acknowledged is not on disk yet. */
const durability = (setting: string, value: string): Finding => {
  const name = `Postgres: ${setting}`
  if (value !== 'off') return { name, verdict: 'ok', detail: value }
  return { name, verdict: 'fail', detail: `off: a crash loses changes that devices count as stored. Set it to on.` }
}
