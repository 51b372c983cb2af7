/** Garbage collection at one server, while another one is about to name the same bytes in the log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askServer } from '../../packages/server/src/control/ask-server.ts'
import { createClient, TOKEN_SECRET, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { endAll, runServer, type ServerProcess } from '../../packages/server/src/testing/process.ts'
import { createDatabase, type TestDatabase } from '../../packages/sync-server/src/test-support/postgres-database.ts'
import startS3 from '../s3/global-setup.ts'

const STORE = 'shop'

let folder: string
let stopS3: Awaited<ReturnType<typeof startS3>>
let database: TestDatabase
let sql: Sql
let collecting: ServerProcess
let writing: ServerProcess
let token: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-collector-'))
  stopS3 = await startS3()
  database = await createDatabase()
  sql = postgres(database.url, { max: 2, onnotice: () => {} })
  token = await tokenOf({ [STORE]: ['read', 'write', 'delete'] })
  const env = {
    ...environmentOfBucket(await createdBucket('collector')),
    ROCKPOOL_STORE: 's3',
    ROCKPOOL_EVENT_LOG: 'postgres',
    ROCKPOOL_POSTGRES_URL: database.url,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    PORT: '0',
  }
  const serve = (name: string) => runServer(['serve'], { env: { ...env, ROCKPOOL_DATA_DIR: join(folder, name) } })
  ;[collecting, writing] = [serve('collecting'), serve('writing')]
  await Promise.all([collecting.url, writing.url])
}, 180_000)
afterAll(async () => {
  await endAll()
  await sql.end()
  await database[Symbol.asyncDispose]()
  await stopS3?.()
  await rm(folder, { recursive: true })
})

const collect = async () => {
  const args = { dryRun: false, accept: true, graceMs: 0 }
  const { signal } = new AbortController()
  return askServer(join(folder, 'collecting'), 'gc', args, { signal, progress: () => {} })
}

const object = async (path: string, init: RequestInit = {}) =>
  fetch(`${await writing.url}/storage/v1/object/files/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}` },
  })

/** Runs `work` while the append of another connection waits for the row of the log. */
const whileAppendWaits = (work: () => Promise<void>): Promise<unknown> =>
  sql.begin(async (transaction) => {
    await transaction`SELECT FROM rockpool.logs WHERE store_id = ${STORE} FOR NO KEY UPDATE`
    await work()
  })

const waitingAppends = async () =>
  (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).length

it('keeps the bytes of an upload that waits for the log at another server', { timeout: 300_000 }, async () => {
  const url = await collecting.url
  const client = createClient(() => url, STORE, token)
  const bytes = bytesOf(100, 1)
  expect((await object('reef.jpg', { method: 'POST', body: bytesOf(100, 2) })).status).toBe(201)
  // Bytes that no file names. The first run of a store only plans.
  await client.put(bytes)
  expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: true, deleted: 1 }] } })

  let upload: Promise<Response>
  await whileAppendWaits(async () => {
    upload = object('lagoon.jpg', { method: 'POST', body: bytes })
    await expect.poll(waitingAppends, { timeout: 60_000 }).toBeGreaterThan(0)
    expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: false, deleted: 0 }] } })
  })
  expect((await upload!).status).toBe(201)
  const read = await object('lagoon.jpg')
  expect([read.status, new Uint8Array(await read.arrayBuffer())]).toEqual([200, bytes])
  expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: false, deleted: 0 }] } })
})
