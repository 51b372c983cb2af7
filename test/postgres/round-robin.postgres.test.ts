/** Three servers on one S3 bucket and one Postgres, behind a round-robin, that restart, are killed, and lose their database. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { eventsAfter, type HttpClient, httpClient } from '@rockpool/sync-server/testing'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { TOKEN_SECRET, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { runServer, type ServerProcess } from '../../packages/server/src/testing/process.ts'
import { Device } from '../../packages/sync-server/src/testing/device.ts'
import { connectLive } from '../../packages/sync-server/src/testing/live-client.ts'
import { freePort } from '../free-port.ts'
import { IS_LONG } from '../long.ts'
import startS3 from '../s3/global-setup.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

const STORE = 'shop'
const WRITERS = ['a', 'b']
const RESTARTS = IS_LONG ? 6 : 4
/** Changes that are acknowledged between two faults. */
const CHANGES = 4

interface Server {
  readonly url: string
  start(): Promise<void>
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

let database: PostgresServer
let servers: Server[]
let token: string
let stopS3: (() => Promise<void>) | undefined
beforeAll(async () => {
  stopS3 = await startS3()
}, 180_000)
afterAll(() => stopS3?.())
beforeEach(async () => {
  database = await startPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-servers-'))
  token = await tokenOf({ [STORE]: ['read', 'write', 'delete'] })
  const env = {
    ...environmentOfBucket(await createdBucket('servers')),
    ROCKPOOL_STORE: 's3',
    ROCKPOOL_EVENT_LOG: 'postgres',
    ROCKPOOL_POSTGRES_URL: database.url,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_RATE_LIMIT: '0',
  }
  servers = await Promise.all(
    ['1', '2', '3'].map(async (name) =>
      serverOf({ ...env, ROCKPOOL_DATA_DIR: join(folder, name), PORT: String(await freePort()) }),
    ),
  )
  return async () => {
    for (const server of servers) await server.end('SIGKILL')
    await database.stop()
    await rm(folder, { recursive: true })
  }
}, 180_000)

const serverOf = async (env: Readonly<Record<string, string>>): Promise<Server> => {
  let running: ServerProcess
  const start = async () => {
    running = runServer(['serve'], { env })
    await running.url
  }
  await start()
  return {
    url: await running!.url,
    start,
    end: async (signal) => {
      running.child.kill(signal)
      const { code, complaint } = await running.ended
      if (signal === 'SIGTERM') expect(code, complaint).toBe(0)
    },
  }
}

/** Other work of this process runs first: a server that does not respond must not keep it busy. */
const nextTurn = () => new Promise((resolve) => void setImmediate(resolve))

/** Each call goes to the next server; one that is down, stops or lacks its database is passed over. */
const roundRobin = () => {
  let next = 0
  return async <A extends { readonly status: number }>(call: (url: string) => Promise<A>): Promise<A> => {
    for (;;) {
      try {
        const response = await call(servers[next++ % servers.length]!.url)
        if (response.status !== 503) return response
      } catch (error) {
        // What `fetch` throws when there is no response.
        if (!(error instanceof TypeError)) throw error
      }
      await nextTurn()
    }
  }
}

const syncClient = (): HttpClient => {
  const send = roundRobin()
  const at = (url: string) => httpClient(`${url}/sync`, STORE, token)
  return {
    call: (...args) => send((url) => at(url).call(...args)),
    head: () => send((url) => at(url).head()),
    events: (...args) => send((url) => at(url).events(...args)),
    push: (...args) => send((url) => at(url).push(...args)),
    post: (...args) => send((url) => at(url).post(...args)),
  }
}

const rest = (url: string, path: string, init: RequestInit = {}) =>
  fetch(`${url}/storage/v1${path}`, { ...init, headers: { authorization: `Bearer ${token}` } })

/** Pushes one event after the other; a push without a response is repeated, elsewhere. */
const pushEvents = async (name: string, acknowledged: string[], isDone: () => boolean) => {
  const http = syncClient()
  for (let count = 0, head = 0; !isDone(); count++) {
    const [event] = eventsAfter(head, `${name}${count}`)
    const tagged = Object.assign({}, event, { sessionId: `tab#${name}.${count}` })
    const { status, text, body } = await http.push(head, [tagged], { mayRenumber: true })
    expect(status, text).toBe(200)
    head = body.head
    acknowledged.push(`${name}${count}`)
  }
}

const pathOf = (count: number) => `photos/${String(count).padStart(5, '0')}`

/** Writes one file after the other over REST; a call without a response is repeated, elsewhere. */
const writeFiles = async (acknowledged: string[], isDone: () => boolean) => {
  const send = roundRobin()
  for (let count = 0; !isDone(); count++) {
    const response = await send((url) =>
      rest(url, `/object/files/${pathOf(count)}`, { method: 'POST', body: bytesOf(100, count) }),
    )
    expect([200, 201], await response.text()).toContain(response.status)
    acknowledged.push(pathOf(count))
  }
}

/** Reads by a WebSocket of one server, again whenever it closes, until its head is `until()`. */
const listen = async ({ url }: Server, until: () => number | undefined): Promise<Device> => {
  const device = new Device(syncClient())
  while (device.head !== until()) {
    const live = connectLive(`${url}/sync`, STORE, token, { since: device.head })
    try {
      while (device.head !== until()) await device.receive(await live.next())
    } catch {
      // The server has ended.
    }
    live.socket.terminate()
    await nextTurn()
  }
  return device
}

/** Every live file by REST, at one server. */
const pathsAt = async ({ url }: Server): Promise<string[]> => {
  const paths: string[] = []
  let cursor: string | null = null
  do {
    const page = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const response = await rest(url, `/objects?limit=7&order=created_at.asc${page}`)
    const body = (await response.json()) as { objects: { path: string }[]; cursor: string | null }
    paths.push(...body.objects.map(({ path }) => path))
    ;({ cursor } = body)
  } while (cursor !== null)
  return paths
}

const reached = async (lists: readonly (readonly unknown[])[], more: number): Promise<void> => {
  const before = lists.map(({ length }) => length)
  await expect
    .poll(() => lists.every(({ length }, index) => length >= before[index]! + more), { timeout: 240_000 })
    .toBe(true)
}

it(
  'loses and doubles nothing, and every server reports everything to its listeners',
  { timeout: 900_000 },
  async () => {
    const [pushed, written]: [string[], string[]] = [[], []]
    let done = false
    let last: number | undefined
    const listeners = servers.map((server) => listen(server, () => last))
    const writing = Promise.all([
      ...WRITERS.map((name) => pushEvents(name, pushed, () => done)),
      writeFiles(written, () => done),
    ])

    for (let restart = 0; restart < RESTARTS; restart++) {
      const server = servers[restart % servers.length]!
      await server.end(restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
      await reached([pushed, written], CHANGES)
      await server.start()
      await reached([pushed, written], CHANGES)
    }
    await database.kill()
    for (const { url } of servers) {
      await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 120_000 }).toBe(503)
    }
    await database.start()
    await reached([pushed, written], CHANGES)
    for (const { url } of servers) {
      await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 120_000 }).toBe(200)
    }
    done = true
    await writing
    const http = syncClient()
    for (let head = 0; ;) {
      ;({ head } = (await http.head()).body)
      last = head + 1
      // A listener that has all others waits for this one.
      if ((await http.push(head, eventsAfter(head, 'end'))).status === 200) break
    }

    const device = new Device(http)
    await device.pull()
    const values = device.values.filter((value) => value !== undefined) as string[]
    expect(values.slice(0, -1).toSorted()).toEqual(pushed.toSorted())
    for (const name of WRITERS) {
      const own = values.filter((value) => value.startsWith(name))
      expect(own).toEqual(own.map((_, index) => `${name}${index}`))
    }
    for (const listener of await Promise.all(listeners)) expect(listener.values).toEqual(device.values)

    for (const server of servers) expect((await pathsAt(server)).toSorted()).toEqual(written)
    for (const [index, path] of written.entries()) {
      const response = await rest(servers[index % servers.length]!.url, `/object/files/${path}`)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytesOf(100, index))
    }
    const sql = postgres(database.url)
    const rows = await sql`SELECT path FROM rockpool.storage_objects WHERE store_id = ${STORE} ORDER BY path`
    await sql.end()
    expect(rows.map(({ path }) => path)).toEqual(written)
  },
)

it('streams the events of a file that another server stored', async () => {
  const [first, second] = servers as [Server, Server]
  const stop = new AbortController()
  // The log has to be there: another server creates it.
  await (await rest(first.url, '/object/files/before', { method: 'POST', body: 'a' })).text()
  const stream = await rest(second.url, '/events?since=0', { signal: stop.signal })
  const lines = createInterface({ input: Readable.fromWeb(stream.body as never) })
  const heard: string[] = []
  lines.on('line', (line) => heard.push(line))
  lines.on('error', () => {})
  await expect.poll(() => heard.join('\n'), { timeout: 60_000 }).toContain('before')
  await (await rest(first.url, '/object/files/after', { method: 'POST', body: 'b' })).text()
  await expect.poll(() => heard.join('\n'), { timeout: 60_000 }).toContain('after')
  stop.abort()
})
