/** Three server processes on one database, behind a round-robin, that are stopped and killed one after the other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { signToken } from '@rockpool/access/testing'
import { beforeEach, expect, it } from 'vitest'
import { IS_LONG } from '../../../../../test/long.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { Device } from '../../testing/device.ts'
import { eventsAfter } from '../../testing/events.ts'
import { type HttpClient, httpClient } from '../../testing/http-client.ts'
import { connectLive } from '../../testing/live-client.ts'

const STORE = 'shop'
const WRITERS = ['a', 'b', 'c', 'd']
const RESTARTS = IS_LONG ? 6 : 4
/** Pushes that are acknowledged between two restarts. */
const PUSHES = 25

let database: TestDatabase
let servers: Server[]
beforeEach(async () => {
  database = await createDatabase()
  servers = await Promise.all([0, 1, 2].map(() => Server.start(database.url)))
  return async () => {
    for (const server of servers) await server.end('SIGKILL')
    await database[Symbol.asyncDispose]()
  }
}, 60_000)

class Server {
  readonly #databaseUrl: string
  #child!: ChildProcess
  url = ''

  private constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl
  }

  static async start(databaseUrl: string): Promise<Server> {
    const server = new Server(databaseUrl)
    await server.run('0')
    return server
  }

  async run(port = new URL(this.url).port): Promise<void> {
    const script = path.join(import.meta.dirname, '../../test-support/run-postgres-server.ts')
    const args = ['--conditions=@rockpool/source', script, this.#databaseUrl, port]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const [url] = await once(createInterface({ input: this.#child.stdout! }), 'line')
    this.url = url
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }
}

/** Each call goes to the next server; one that is down or stopping is passed over. */
const roundRobin = (token: string): HttpClient => {
  let next = 0
  const send = async <A extends { readonly status: number }>(call: (http: HttpClient) => Promise<A>): Promise<A> => {
    for (;;) {
      const { url } = servers[next++ % servers.length]!
      try {
        const response = await call(httpClient(url, STORE, token))
        if (response.status !== 503) return response
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
      // A server that does not respond must not keep this process busy.
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }
  return {
    call: (...args) => send((http) => http.call(...args)),
    head: () => send((http) => http.head()),
    events: (...args) => send((http) => http.events(...args)),
    push: (...args) => send((http) => http.push(...args)),
    post: (...args) => send((http) => http.post(...args)),
  }
}

/** Pushes one event after the other; a push without a response is repeated, elsewhere. */
const write = async (token: string, name: string, acknowledged: string[], isDone: () => boolean) => {
  const http = roundRobin(token)
  for (let count = 0, head = 0; !isDone(); count++) {
    const [event] = eventsAfter(head, `${name}${count}`)
    const { status, text, body } = await http.push(head, [{ ...event!, sessionId: `tab#${name}.${count}` }], {
      mayRenumber: true,
    })
    expect(status, text).toBe(200)
    head = body.head
    acknowledged.push(`${name}${count}`)
  }
}

/** Reads by a WebSocket, of the next server whenever it closes, until its head is `until()`. */
const read = async (token: string, until: () => number | undefined): Promise<Device> => {
  const device = new Device(roundRobin(token))
  for (let next = 0; device.head !== until(); next++) {
    const live = connectLive(servers[next % servers.length]!.url, STORE, token, { since: device.head })
    try {
      while (device.head !== until()) await device.receive(await live.next())
    } catch {
      // The server has ended.
    }
    live.socket.terminate()
  }
  return device
}

it(
  'loses and doubles nothing when servers restart and are killed, and readers hear of all of it',
  { timeout: 300_000 },
  async () => {
    const token = await signToken(STORE)
    const acknowledged: string[] = []
    let done = false
    let last: number | undefined
    const readers = [0, 1].map(() => read(token, () => last))
    const writers = WRITERS.map((name) => write(token, name, acknowledged, () => done))
    const writing = Promise.all(writers)

    for (let restart = 0; restart < RESTARTS; restart++) {
      const server = servers[restart % servers.length]!
      await server.end(restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
      await reached(acknowledged, acknowledged.length + PUSHES)
      await server.run()
      await reached(acknowledged, acknowledged.length + PUSHES)
    }
    done = true
    await writing
    const { head } = (await roundRobin(token).head()).body
    last = head + 1
    // A reader that has all others waits for this one.
    await roundRobin(token).push(head, eventsAfter(head, 'end'))

    const device = new Device(roundRobin(token))
    await device.pull()
    const values = device.values as string[]
    expect(values.slice(0, -1).toSorted()).toEqual(acknowledged.toSorted())
    for (const name of WRITERS) {
      const own = values.filter((value) => value.startsWith(name))
      expect(own).toEqual(own.map((_, index) => `${name}${index}`))
    }
    for (const reader of await Promise.all(readers)) expect(reader.values).toEqual(values)
  },
)

it('sends what one server stores to the WebSockets of another, once', async () => {
  const token = await signToken(STORE)
  const [first, second] = servers.map(({ url }) => url) as [string, string]
  const http = httpClient(first, STORE, token)
  const { head } = (await httpClient(second, STORE, token).head()).body
  const live = connectLive(second, STORE, token)
  expect(await live.next()).toMatchObject({ head })
  await http.push(0, eventsAfter(0, 'a', 'b'))
  expect(await live.next()).toMatchObject({ since: 0, head: 2, events: [{ seqNum: 1 }, { seqNum: 2 }] })
  await httpClient(second, STORE, token).push(2, eventsAfter(2, 'c'))
  expect(await live.next()).toMatchObject({ since: 2, head: 3, events: [{ seqNum: 3 }] })
  await http.push(3, eventsAfter(3, 'd'))
  expect(await live.next()).toMatchObject({ since: 3, head: 4, events: [{ seqNum: 4 }] })
  live.socket.terminate()
})

const reached = async (list: readonly unknown[], length: number): Promise<void> => {
  await expect.poll(() => list.length, { timeout: 120_000 }).toBeGreaterThanOrEqual(length)
}
