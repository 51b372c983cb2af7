/** For Vitest's project `postgres`: a Postgres to test against, unless the environment names one already. */
import { startPostgres } from './postgres.ts'

/** URL of a database whose user may create others. */
export const POSTGRES_VARIABLE = 'ROCKPOOL_TEST_POSTGRES_URL'

export default async () => {
  if (process.env[POSTGRES_VARIABLE]) return
  const server = await startPostgres()
  // Test workers start later and inherit this.
  process.env[POSTGRES_VARIABLE] = server.url
  return server.stop
}
