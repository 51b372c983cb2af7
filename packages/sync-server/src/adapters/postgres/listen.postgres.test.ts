/** A connection that is gone without a word. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { beforeEach, expect, it } from 'vitest'
import type { Clock } from '../../clock.ts'
import { type FreezingProxy, startFreezingProxy } from '../../test-support/freezing-proxy.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { testClock } from '../../testing/clock.ts'
import { OPEN_TIMEOUT_MS, postgresLogs } from './index.ts'
import { listen, PING_MS, PING_TIMEOUT_MS, RETRY_MS } from './listen.ts'
import { CHANNEL, toNotice } from './notice.ts'

let database: TestDatabase
let proxy: FreezingProxy
beforeEach(async () => {
  database = await createDatabase()
  proxy = await startFreezingProxy(Number(new URL(database.url).port))
  return async () => {
    await proxy[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  }
})

const throughProxy = (): string => {
  const url = new URL(database.url)
  url.port = String(proxy.port)
  return url.href
}

it('connects again when its own notice does not arrive, and says that appends may have been missed', async () => {
  const clock = testClock()
  const heard: (number | 'resumed')[] = []
  const watcher = { appended: (_: string, since: number) => heard.push(since), resumed: () => heard.push('resumed') }
  const listener = listen({ url: throughProxy(), origin: 'here', clock }, watcher)
  await listener.ready
  proxy.freeze()
  const lost = toNotice({ storeId: 'shop', since: 1, origin: 'there' })
  await database.query(`SELECT pg_notify('${CHANNEL}', '${lost}')`)

  clock.advance(PING_MS)
  clock.advance(PING_TIMEOUT_MS)
  expect(proxy.opened).toBe(1)
  clock.advance(RETRY_MS)
  await expect.poll(() => heard).toEqual(['resumed'])
  expect(proxy.opened).toBe(2)
  const next = toNotice({ storeId: 'shop', since: 2, origin: 'there' })
  await database.query(`SELECT pg_notify('${CHANNEL}', '${next}')`)
  await expect.poll(() => heard).toEqual(['resumed', 2])
  await listener.stop()
  expect(clock.timers).toBe(0)
})

it('stays on a connection whose notices arrive', async () => {
  const waits: number[] = []
  const time = testClock()
  const clock: Clock = {
    ...time,
    setTimer: (run, ms) => {
      waits.push(ms)
      return time.setTimer(run, ms)
    },
  }
  const watcher = { appended: () => {}, resumed: () => {} }
  const listener = listen({ url: throughProxy(), origin: 'here', clock }, watcher)
  await listener.ready
  for (let ping = 0; ping < 3; ping++) {
    expect(waits.at(-1)).toBe(PING_MS)
    time.advance(PING_MS)
    expect(waits.at(-1)).toBe(PING_TIMEOUT_MS)
    await expect.poll(() => waits.at(-1)).toBe(PING_MS)
  }
  expect(proxy.opened).toBe(1)
  await listener.stop()
})

it('is refused at opening when the server takes connections and says nothing', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clock = testClock()
  const opening = postgresLogs({ url: `postgres://ada:secret@127.0.0.1:${port}/db`, clock })
  await once(server, 'connection')
  clock.advance(OPEN_TIMEOUT_MS)
  await expect(opening).rejects.toMatchObject({
    name: 'EventLogError',
    code: 'unavailable',
    message: expect.stringContaining('did not respond within 60 s'),
  })
  expect(clock.timers).toBe(0)
  for (const socket of sockets) socket.destroy()
  server.close()
  await once(server, 'close')
})
