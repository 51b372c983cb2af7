/** The provider inside real LiveStore clients, with Rockpool's sync processors. */
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, Events, makeSchema, queryDb, Schema, State } from '@livestore/livestore'
import { signToken } from '@rockpool/access/testing'
import { httpClient } from '@rockpool/sync-server/testing'
import { LogLevel } from 'effect'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import { eventsAfter, newStoreId, startServer } from '../testing/sync-device.ts'
import { makeSync } from './make-sync.ts'

const noteWritten = Events.synced({ name: 'v1.NoteWritten', schema: Schema.Struct({ text: Schema.String }) })
const notes = State.SQLite.table({
  name: 'notes',
  // An event that comes twice violates the key, and its store shuts down.
  columns: { text: State.SQLite.text({ primaryKey: true }) },
})
const schema = makeSchema({
  events: { noteWritten },
  state: State.SQLite.makeState({
    tables: { notes },
    materializers: State.SQLite.materializers(
      { noteWritten },
      { 'v1.NoteWritten': ({ text }) => notes.insert({ text }) },
    ),
  }),
})

const open = async (url: string, storeId: string, clientId: string) => {
  const store = await createStorePromise({
    schema,
    storeId,
    adapter: makeAdapter({
      storage: { type: 'in-memory' },
      clientId,
      sync: {
        backend: makeSync({ url, token: () => signToken(storeId) }),
        initialSyncOptions: { _tag: 'Blocking', timeout: 50_000 },
        onBackendIdMismatch: 'shutdown',
      },
    }),
    batchUpdates: (run) => run(),
    disableDevtools: true,
    logLevel: LogLevel.None,
  })
  onTestFinished(() => store.shutdownPromise())
  return {
    write: (text: string) => store.commit(noteWritten({ text })),
    texts: () => store.query(queryDb(notes.select('text'))).toSorted(),
  }
}

const eventually = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 50_000, interval: 5 })

it('brings the events of each client to the other one', async () => {
  const { url } = await startServer()
  const storeId = newStoreId()
  const a = await open(url, storeId, 'a')
  a.write('of a')
  const b = await open(url, storeId, 'b')
  await eventually(() => b.texts().length === 1)
  b.write('of b')
  await eventually(() => a.texts().length === 2)
  expect(a.texts()).toEqual(['of a', 'of b'])
  expect(b.texts()).toEqual(['of a', 'of b'])
})

it('has the whole log before an open resolves, however many pages it has', async () => {
  const { url } = await startServer()
  const storeId = newStoreId()
  const writer = httpClient(url, storeId, await signToken(storeId))
  for (const [parent, count] of [
    [0, 1_000],
    [1_000, 1_000],
    [2_000, 200],
  ] as const) {
    const events = eventsAfter(parent, ...Array.from({ length: count }, (_, index) => `${parent + index}`))
    expect((await writer.post(JSON.stringify({ parent, events }))).status).toBe(200)
  }
  const b = await open(url, storeId, 'b')
  expect(b.texts().length).toBe(2_200)
})

it('rebases what a client wrote while others wrote, and each event is there once', async () => {
  const { url } = await startServer()
  const proxy = await startFaultProxy(url)
  onTestFinished(proxy.close)
  const storeId = newStoreId()
  const a = await open(proxy.url, storeId, 'a')
  const b = await open(url, storeId, 'b')
  // What a writes cannot arrive: b writes first.
  proxy.losesPushResponses = true
  proxy.refusesUpgrades = true
  proxy.cut()
  b.write('of b')
  await eventually(() => a.texts().length === 1)
  a.write('of a')
  await eventually(() => b.texts().length === 2)
  proxy.losesPushResponses = false
  proxy.refusesUpgrades = false
  b.write('of b again')
  await eventually(() => a.texts().length === 3 && b.texts().length === 3)
  expect(a.texts()).toEqual(['of a', 'of b', 'of b again'])
  expect(b.texts()).toEqual(['of a', 'of b', 'of b again'])
})

it('converges when two clients write at the same time over a network that is cut again and again', async () => {
  const { url } = await startServer()
  const proxies = [await startFaultProxy(url), await startFaultProxy(url)] as const
  for (const { close } of proxies) onTestFinished(close)
  const storeId = newStoreId()
  const clients = [await open(proxies[0].url, storeId, 'a'), await open(proxies[1].url, storeId, 'b')] as const
  const expected: string[] = []
  for (let round = 0; round < 20; round++) {
    for (const [index, client] of clients.entries()) {
      for (let count = 0; count < 5; count++) {
        const text = `${index} ${round} ${count}`
        expected.push(text)
        client.write(text)
      }
    }
    // What is under way now is lost, or its response is.
    await new Promise<void>((resolve) => void setImmediate(resolve))
    proxies[round % 2]!.cut(round % 4 < 2 ? 'reset' : 'end')
  }
  await eventually(() => clients.every(({ texts }) => texts().length === expected.length))
  for (const { texts } of clients) expect(texts()).toEqual(expected.toSorted())
})
