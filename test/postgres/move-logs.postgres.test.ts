/** `rockpool-server move-logs`: killed, run again, and served from Postgres with the same numbers. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresLogs } from '@rockpool/sync-server/postgres'
import postgres, { type Sql } from 'postgres'
import { beforeAll, expect, it } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../../packages/server/src/testing/client.ts'
import { endAll, runServer, type ServerProcess } from '../../packages/server/src/testing/process.ts'
import { createDatabase, type TestDatabase } from '../../packages/sync-server/src/test-support/postgres-database.ts'

const BUCKETS = JSON.stringify({
  files: { access: 'store' },
  scanned: { access: 'store', hold: { waitSeconds: 3_600, refused: 'keep' } },
})

let folder: string
let database: TestDatabase
let sql: Sql
let token: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-move-'))
  database = await createDatabase()
  sql = postgres(database.url, { max: 2, onnotice: () => {} })
  token = await tokenOf({ shop: ['read', 'write', 'delete', 'admin'] })
  return async () => {
    await endAll()
    await sql.end()
    await database[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
})

const run = (args: readonly string[], backend: 'sqlite' | 'postgres'): ServerProcess =>
  runServer(args, {
    env: {
      ...{ ROCKPOOL_DATA_DIR: folder, ROCKPOOL_JWT_SECRET: TOKEN_SECRET, ROCKPOOL_BUCKETS: BUCKETS, PORT: '0' },
      ROCKPOOL_EVENT_LOG: backend,
      ...(backend === 'postgres' && { ROCKPOOL_POSTGRES_URL: database.url }),
    },
  })
const whileServing = async <A>(backend: 'sqlite' | 'postgres', work: (url: string) => Promise<A>): Promise<A> => {
  const server = run(['serve'], backend)
  const result = await work(await server.url)
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
  return result
}
const rest = (url: string, method: string, path: string, body?: string | object) =>
  fetch(`${url}/storage/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
const stateAt = async (url: string) => ({
  events: await createClient(() => url, 'shop', token).events(),
  head: await (await fetch(`${url}/sync/shop/head`, { headers: { authorization: `Bearer ${token}` } })).json(),
  buckets: await (await rest(url, 'GET', '/bucket')).json(),
  statuses: await Promise.all(
    ['photos/a', 'scanned/b', 'scanned/c'].map(async (path) => (await rest(url, 'GET', `/object/${path}`)).status),
  ),
})

/** Kills the move while it writes to Postgres: it waits for a table that the test has locked. */
const killedMove = async () => {
  await (await postgresLogs({ url: database.url })).close()
  const move = run(['move-logs'], 'postgres')
  await sql.begin(async (transaction) => {
    await transaction`LOCK TABLE rockpool.events`
    const isWaiting = async () =>
      (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).length >
      0
    await expect.poll(isWaiting, { timeout: 120_000 }).toBe(true)
    move.child.kill('SIGKILL')
    await move.ended
  })
}

it('moves logs, buckets and decisions, also after it was killed', { timeout: 300_000 }, async () => {
  const before = await whileServing('sqlite', async (url) => {
    await rest(url, 'POST', '/bucket', { name: 'photos' })
    for (const path of ['photos/a', 'scanned/b', 'scanned/c']) await rest(url, 'POST', `/object/${path}`, path)
    await rest(url, 'POST', '/object/release/scanned/b', {})
    return stateAt(url)
  })
  expect(before.statuses).toEqual([200, 200, 423])

  const refused = await run(['move-logs'], 'sqlite').ended
  expect([refused.code, refused.complaint]).toEqual([1, expect.stringContaining('Set event_log.backend to postgres')])
  await killedMove()
  expect(await sql`SELECT FROM rockpool.logs`).toHaveLength(0)
  const moved = await run(['move-logs'], 'postgres').ended
  expect([moved.code, moved.output]).toEqual([0, expect.stringContaining('of 1 stores')])
  expect([existsSync(join(folder, 'events')), existsSync(join(folder, 'events-moved'))]).toEqual([false, true])
  expect(await whileServing('postgres', stateAt)).toEqual(before)
  expect(await run(['move-logs'], 'postgres').ended).toMatchObject({
    code: 0,
    output: expect.stringContaining('no event logs'),
  })
})
