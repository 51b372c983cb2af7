/** The event log under load: several writers, two devices, many commits. Each figure stands beside a bare operation. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, Events, makeSchema, Schema, State } from '@livestore/livestore'
import { startSyncServer } from '@rockpool/sync-server/node'
import { LogLevel } from 'effect'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { BROWSERS, createDevice } from '../e2e/device.ts'
import { startServer } from '../e2e/server.ts'
import type { Tab } from '../e2e/tab.ts'
import { inWorld } from '../e2e/world.ts'
import { batchAfter, BATCHES, WRITERS } from './log-batches.ts'

const FILES = 100
const FILE_BYTES = 5_000
const RUNS = 20
const SECRET = 'a secret of the measurements, 32 bytes at least'

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const addFiles = (tab: Tab, prefix: string): Promise<unknown> =>
  tab.inPage(
    async (pool, prefix, count, size) => {
      const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}.bin`)
      for (let start = 0; start < count; start += 10) {
        const burst = names.slice(start, start + 10)
        await Promise.all(burst.map((name) => pool.add(new Blob([name, new Uint8Array(size - name.length)]), { name })))
      }
    },
    prefix,
    FILES,
    FILE_BYTES,
  )

const hasFiles = (tab: Tab, count: number): Promise<unknown> =>
  tab.inPage(
    (pool, count) =>
      new Promise<void>((resolve) => {
        const stop = pool.files.subscribe({ limit: 10_000 }, (files) => {
          if (files.length < count) return
          queueMicrotask(() => stop())
          resolve()
        })
      }),
    count,
  )

describe.each(BROWSERS)('devices that add at the same time (%s)', (browser) => {
  test('three agree within 3 times what one takes for its own', async () => {
    const timeOf = async (count: number) => {
      await using server = await startServer()
      await using devices = new AsyncDisposableStack()
      const tabs: Tab[] = []
      for (let index = 0; index < count; index++) {
        tabs.push(await devices.use(await createDevice(browser, server.url)).open())
      }
      const start = performance.now()
      await Promise.all([
        ...tabs.map((tab, index) => addFiles(tab, `d${index}`)),
        ...tabs.map((tab) => hasFiles(tab, FILES * count)),
      ])
      return performance.now() - start
    }
    const one = await timeOf(1)
    const three = await timeOf(3)
    const ratio = (three / one).toFixed(2)
    console.log(
      `${browser}: ${FILES} files on one device ${Math.round(one)} ms; 3 devices agree after ${Math.round(three)} ms; ratio ${ratio}`,
    )
  })

  test('one record from A to B, beside a bare POST and WebSocket message between the same pages', () =>
    inWorld(browser, async ({ A, B }) => {
      await using relay = await startRelay()
      const [a, b] = [await A.open(), await B.open()]
      await a.add('one.bin', 'one', 1_000)
      await b.shows('one.bin')
      const record: number[] = []
      const bare: number[] = []
      for (let run = 0; run <= RUNS; run++) {
        const seen = b.inPage(
          (pool, name) =>
            new Promise<void>((resolve) => {
              const stop = pool.files.subscribe({}, ([file]) => {
                if (file?.name !== name) return
                queueMicrotask(() => stop())
                resolve()
              })
            }),
          `${run}.bin`,
        )
        await b.inPage(() => undefined)
        let start = performance.now()
        await a.inPage((pool, name) => void pool.rename(pool.files.list()[0]!.id, name), `${run}.bin`)
        await seen
        record.push(performance.now() - start)

        const arrived = b.inPage(
          (_pool, url) =>
            new Promise<void>((resolve) => {
              const socket = ((window as never as { relay?: WebSocket }).relay ??= new WebSocket(url))
              socket.onmessage = () => resolve()
            }),
          relay.url.replace('http', 'ws'),
        )
        await relay.connected
        await b.inPage(() => undefined)
        start = performance.now()
        await a.inPage((_pool, url) => void fetch(url, { method: 'POST', body: 'x' }), relay.url)
        await arrived
        bare.push(performance.now() - start)
      }
      const [ours, raw] = [medianOf(record.slice(1)), medianOf(bare.slice(1))]
      console.log(
        `${browser}: one record A to B, median ${ours.toFixed(0)} ms; bare ${raw.toFixed(0)} ms; ratio ${(ours / raw).toFixed(1)}`,
      )
    }))
})

/** A server that sends what is posted to it to every socket. */
const startRelay = async () => {
  const sockets = new WebSocketServer({ noServer: true })
  const connected = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    request.resume().on('end', () => {
      response.end()
      for (const socket of sockets.clients) socket.send('x')
    })
  })
  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, () => connected.resolve()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    connected: connected.promise,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test.each(BATCHES)(
  `${WRITERS} writers to one store, $batch events a push, beside a bare node:sqlite loop that commits the same batches`,
  async ({ batch, pushes }) => {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
    try {
      const before = bareLoop(join(folder, 'before.sqlite'), batch, pushes)
      const { rate, conflicts } = await pushAll(join(folder, 'log'), batch, pushes)
      const after = bareLoop(join(folder, 'after.sqlite'), batch, pushes)
      const bare = Math.max(before, after)
      console.log(
        `${WRITERS} writers, ${batch} events a push: ${Math.round(rate)} events/s, ${conflicts.toFixed(2)} conflicts a push; bare loop ${Math.round(bare)} events/s; ratio ${(rate / bare).toFixed(2)}`,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

const pushAll = async (dataDir: string, batch: number, pushes: number) => {
  const server = await startSyncServer({ dataDir, secrets: [SECRET] })
  const rights = ['read', 'write', 'delete']
  const token = await new SignJWT({ stores: { bench: rights, 'warm-up': rights } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET))
  const writers = join(import.meta.dirname, 'log-writers.ts')
  const args = [writers, server.url, token, `${batch}`, `${pushes}`]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  await server.stop()
  const [rate, conflicts] = stdout.split(' ').map(Number) as [number, number]
  return { rate, conflicts }
}

/** @returns events per second */
const bareLoop = (file: string, batch: number, pushes: number): number => {
  const database = new DatabaseSync(file)
  database.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events (n INTEGER PRIMARY KEY, event TEXT)',
  )
  const insert = database.prepare('INSERT INTO events VALUES (?, ?)')
  const events = WRITERS * pushes * batch
  const start = performance.now()
  for (let head = 0; head < events; head += batch) {
    database.exec('BEGIN IMMEDIATE')
    for (const event of batchAfter(head, 0, batch)) insert.run(event.seqNum, JSON.stringify(event))
    database.exec('COMMIT')
  }
  const seconds = (performance.now() - start) / 1_000
  database.close()
  return events / seconds
}

const noted = Events.synced({ name: 'v1.Noted', schema: Schema.Struct({ id: Schema.String }) })
const notes = State.SQLite.table({ name: 'notes', columns: { id: State.SQLite.text({ primaryKey: true }) } })
const noteSchema = makeSchema({
  events: { noted },
  state: State.SQLite.makeState({
    tables: { notes },
    materializers: State.SQLite.materializers({ noted }, { 'v1.Noted': ({ id }) => notes.insert({ id }) }),
  }),
})

test('4,000 commits in a loop take time in proportion', async () => {
  const timeOf = async (count: number) => {
    const store = await createStorePromise({
      schema: noteSchema,
      storeId: `commits-${count}`,
      adapter: makeAdapter({ storage: { type: 'in-memory' }, clientId: 'bench' }),
      batchUpdates: (run) => run(),
      disableDevtools: true,
      logLevel: LogLevel.None,
    })
    const start = performance.now()
    for (let index = 0; index < count; index++) store.commit(noted({ id: `${index}` }))
    await expect.poll(() => store.syncStatus().isSynced, { timeout: 60_000, interval: 5 }).toBe(true)
    const time = performance.now() - start
    await store.shutdownPromise()
    return time
  }
  await timeOf(200)
  const [first, second, third] = [await timeOf(1_000), await timeOf(2_000), await timeOf(4_000)]
  const perCommit = [first / 1_000, second / 2_000, third / 4_000].map((ms) => ms.toFixed(3))
  console.log(
    `commits in a loop: ${perCommit.join(', ')} ms each of 1,000, 2,000, 4,000; ratio ${(third / 4_000 / (first / 1_000)).toFixed(2)}`,
  )
})
