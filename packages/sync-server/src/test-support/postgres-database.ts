/** A database of its own on the Postgres of the tests. */
import postgres from 'postgres'
import { INTEGER_8 } from '../adapters/postgres/database.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Removes all logs. */
  clear(): Promise<void>
  /** Runs statements in it. */
  query(statement: string): Promise<readonly Record<string, unknown>[]>
}

/** @param server URL of a database whose user may create others */
export const createDatabase = async (server = urlOfServer()): Promise<TestDatabase> => {
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  await runIn(server, `CREATE DATABASE ${name}`)
  return {
    url: url.href,
    clear: async () => void (await runIn(url.href, 'DROP SCHEMA IF EXISTS rockpool CASCADE')),
    query: (statement) => runIn(url.href, statement),
    [Symbol.asyncDispose]: async () => void (await runIn(server, `DROP DATABASE ${name} WITH (FORCE)`)),
  }
}

const runIn = async (url: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
  const sql = postgres(url, { max: 1, onnotice: () => {}, types: { integer8: INTEGER_8 } })
  try {
    return await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

const urlOfServer = (): string => {
  const url = process.env.ROCKPOOL_TEST_POSTGRES_URL
  if (!url)
    throw new Error('ROCKPOOL_TEST_POSTGRES_URL is not set: it names the Postgres of the tests (test/postgres).')
  return url
}
