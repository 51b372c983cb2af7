/** What a database can be like when a server starts, or become behind its back. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Logs } from '../../event-log/event-log.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { eventsAfter } from '../../testing/events.ts'
import { postgresLogs } from './index.ts'

const ORIGIN = { sub: 'ada', at: 1 }

let database: TestDatabase
const opened: Logs[] = []
beforeEach(async () => {
  database = await createDatabase()
})
afterEach(async () => {
  for (const logs of opened.splice(0)) await logs.close()
  await database[Symbol.asyncDispose]()
})

const open = async (url = database.url): Promise<Logs> => {
  const logs = await postgresLogs({ url })
  opened.push(logs)
  return logs
}

it.each(['', 'localhost', 'mysql://ada:secret@localhost/db', '//ada:secret@localhost'])(
  'refuses the URL "%s" without repeating it',
  async (url) => {
    const refusal = { code: 'bad_request', message: expect.not.stringContaining('secret') }
    await expect(open(url)).rejects.toMatchObject(refusal)
  },
)

it('says that nothing listens there', async () => {
  const unavailable = { code: 'unavailable', message: expect.stringContaining('(ECONNREFUSED)') }
  await expect(open('postgres://ada:secret@127.0.0.1:1/db')).rejects.toMatchObject(unavailable)
})

it('says that the database is missing', async () => {
  const unavailable = { code: 'unavailable', message: expect.stringContaining('Create the database') }
  await expect(open(`${database.url}_missing`)).rejects.toMatchObject(unavailable)
})

it('refuses tables of a newer version', async () => {
  await open()
  await database.query('UPDATE rockpool.version SET version = version + 1')
  await expect(open()).rejects.toMatchObject({ code: 'newer_version' })
})

it('creates the tables once when several servers start together', async () => {
  const servers = await Promise.all([1, 2, 3, 4].map(() => open()))
  const logs = await Promise.all(servers.map((server) => server.open('shop')))
  expect(new Set(logs.map(({ backendId }) => backendId)).size).toBe(1)
  expect(await database.query('SELECT version FROM rockpool.version')).toEqual([{ version: 2 }])
})

it('refuses every call on a log that was replaced', async () => {
  const logs = await open()
  const log = await logs.open('shop')
  await database.query("UPDATE rockpool.logs SET backend_id = 'another'")
  const calls = [log.head(), log.read(0, { limit: 1, maxBytes: 1 }), log.append(0, eventsAfter(0, 'a'), ORIGIN)]
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ reason: { name: 'EventLogError', code: 'missing' } })
  }
  expect(await database.query('SELECT FROM rockpool.events')).toHaveLength(0)
})

it('refuses an event with the character NUL alone', async () => {
  const log = await (await open()).open('shop')
  const [first, event] = eventsAfter(0, 'a', 'b')
  const results = await Promise.allSettled([
    log.append(0, [first!], ORIGIN),
    log.append(1, [{ ...event!, clientId: 'a\0b' }], ORIGIN),
    log.append(1, [event!], ORIGIN),
  ])
  expect(results).toMatchObject([{ value: { head: 1 } }, { reason: { code: 'bad_request' } }, { value: { head: 2 } }])
})

it('refuses an event with NUL in its session id alone, where the push may be put behind others', async () => {
  const [former, log] = await Promise.all([1, 2].map(async () => (await open()).open('shop')))
  const [a, b, c] = eventsAfter(0, 'a', 'b', 'c')
  // Not in the memory of the other server, which has to read it.
  await former!.append(0, [a!], ORIGIN)
  const results = await Promise.allSettled([
    log!.append(1, [b!], ORIGIN),
    log!.append(0, [{ ...a!, sessionId: 's#\0' }], { ...ORIGIN, maxBetween: 10 }),
    log!.append(2, [c!], ORIGIN),
  ])
  expect(results).toMatchObject([{ value: { head: 2 } }, { reason: { code: 'bad_request' } }, { value: { head: 3 } }])
})
