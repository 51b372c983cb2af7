import { afterAll, beforeAll } from 'vitest'
import type { SqlEventLog } from '../../event-log/sql-log.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { type ReadModelStatements, type ReadModelSubject, readModelSuite } from '../../testing/read-model-suite.ts'
import { redactSuite } from '../../testing/redact-suite.ts'
import { postgresLogs } from './index.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database?.[Symbol.asyncDispose]())

const STATEMENTS: ReadModelStatements = {
  poison: `
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poisoned'; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON files FOR EACH ROW WHEN (new.name = 'poison') EXECUTE FUNCTION refuse()`,
  cure: 'DROP TRIGGER poison ON files; DROP FUNCTION refuse',
  appendCopy: `
    INSERT INTO events SELECT store_id, 7, name, replace(args, 'lagoon', 'shoal'), client_id, session_id, sub, at
      FROM events WHERE seq_num = 3;
    UPDATE logs SET head = 7`,
}

/** @param servers that each get every other call */
const subjectOf = async (servers: number): Promise<ReadModelSubject> => {
  const openAll = () => Promise.all(Array.from({ length: servers }, () => postgresLogs({ url: database.url })))
  let logs = await openAll()
  const restart = async <A>(work: () => Promise<A>): Promise<A> => {
    for (const each of logs) await each.close()
    const result = await work()
    logs = await openAll()
    return result
  }
  const inSchema = (statement: string) => database.query(`SET search_path = rockpool; ${statement}`)
  return {
    open: async () => byTurns(await Promise.all(logs.map((each) => each.open('shop')))),
    alter: (statement) => restart(async () => void (await inSchema(statement))),
    select: (query) => restart(async () => (await inSchema(query)).at(-1) as unknown as readonly object[]),
    statements: STATEMENTS,
    [Symbol.asyncDispose]: async () => {
      for (const each of logs) await each.close()
      await database.clear()
    },
  }
}

/** One log, each call of which goes to the next one of these. */
const byTurns = (logs: readonly SqlEventLog[]): SqlEventLog => {
  let calls = 0
  const turning = <A extends object>(all: readonly A[]): A => {
    const known = new Map<string | symbol, unknown>()
    const memberOf = (name: string | symbol): unknown => {
      const members = all.map((each) => Reflect.get(each, name) as unknown)
      if (typeof members[0] === 'object') return turning(members as object[])
      if (typeof members[0] !== 'function') return members[0]
      return (...args: unknown[]) => Reflect.apply(members[calls++ % all.length] as () => unknown, undefined, args)
    }
    const get = (_: A, name: string | symbol) => {
      if (!known.has(name)) known.set(name, memberOf(name))
      return known.get(name)
    }
    return new Proxy(all[0]!, { get })
  }
  return turning(logs)
}

readModelSuite('Postgres', () => subjectOf(1))
readModelSuite('Postgres, two servers by turns', () => subjectOf(2))
redactSuite('Postgres', () => subjectOf(1))
redactSuite('Postgres, two servers by turns', () => subjectOf(2))
