/** Garbage collection at one server, while another one is about to name the same bytes in the log. */
import { once } from 'node:events'
import postgres, { type Sql } from 'postgres'
import { beforeAll, expect, it } from 'vitest'
import { askServer } from '../../packages/server/src/control/ask-server.ts'
import { addressOf, createClient, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { useTwoServers } from './two-servers.ts'

const STORE = 'shop'

const servers = useTwoServers()
let sql: Sql
let token: string
beforeAll(async () => {
  sql = postgres(servers().databaseUrl, { max: 2, onnotice: () => {} })
  token = await tokenOf({ [STORE]: ['read', 'write', 'delete'] })
  return () => sql.end()
})

/** At the first server. The first run of a store only plans. */
const collect = async () => {
  const args = { dryRun: false, accept: true, graceMs: 0 }
  const { signal } = new AbortController()
  return askServer(servers().first.dataDir, 'gc', args, { signal, progress: () => {} })
}

/** At the second server. */
const object = (path: string, init: RequestInit = {}) =>
  fetch(`${servers().second.url}/storage/v1/object/files/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}` },
  })

/** Runs `work` while no event can be appended. */
const whileAppendsWait = (work: () => Promise<void>): Promise<unknown> =>
  sql.begin(async (transaction) => {
    await transaction`SELECT FROM rockpool.logs WHERE store_id = ${STORE} FOR NO KEY UPDATE`
    await work()
  })

const waitingAppends = async () =>
  (await sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).length

it('keeps the bytes of an upload that waits for the log at another server', { timeout: 300_000 }, async () => {
  const client = createClient(() => servers().first.url, STORE, token)
  const bytes = bytesOf(100, 1)
  expect((await object('reef.jpg', { method: 'POST', body: bytesOf(100, 2) })).status).toBe(201)
  // Bytes that no file names. The first run of a store only plans.
  await client.put(bytes)
  expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: true, deleted: 1 }] } })

  let upload: Promise<Response>
  await whileAppendsWait(async () => {
    upload = object('lagoon.jpg', { method: 'POST', body: bytes })
    await expect.poll(waitingAppends, { timeout: 60_000 }).toBeGreaterThan(0)
    expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: false, deleted: 0 }] } })
  })
  expect((await upload!).status).toBe(201)
  const read = await object('lagoon.jpg')
  expect([read.status, new Uint8Array(await read.arrayBuffer())]).toEqual([200, bytes])
  expect(await collect()).toMatchObject({ result: { stores: [{ planOnly: false, deleted: 0 }] } })
})

it(
  'takes the bytes that a collector was deleting when it died, within its lease, and keeps them',
  { timeout: 300_000 },
  async () => {
    const { first } = servers()
    const client = createClient(() => first.url, STORE, token)
    const garbage = Array.from({ length: 120 }, (_, seed) => bytesOf(100, 1_000 + seed))
    for (const bytes of garbage) await client.put(bytes)
    const collecting = collect().catch((error: unknown) => error)
    await expect.poll(async () => (await lockedKeys()).length, { interval: 1 }).toBeGreaterThan(0)
    await sql.begin(async (transaction) => {
      // It can release no key any more, and so delete no other content.
      await transaction`LOCK TABLE rockpool.key_locks IN SHARE MODE`
      first.process.child.kill('SIGKILL')
      await once(first.process.child, 'exit')
    })
    expect(await collecting).toBeInstanceOf(Error)

    const left = await lockedKeys()
    expect(left.length).toBeGreaterThan(0)
    const bytes = garbage.find((each) => left.includes(`${STORE}/files/${addressOf(each)}`))!
    // An upload that waits for longer than a minute is refused.
    expect((await object('found.png', { method: 'POST', body: bytes })).status).toBe(201)
    const read = await object('found.png')
    expect([read.status, new Uint8Array(await read.arrayBuffer())]).toEqual([200, bytes])
  },
)

const lockedKeys = async (): Promise<readonly string[]> =>
  (await sql`SELECT remote_key FROM rockpool.key_locks WHERE is_exclusive`).map((row) => row.remote_key as string)
