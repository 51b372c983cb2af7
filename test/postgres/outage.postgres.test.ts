/** A Postgres that crashes and comes back under two sync servers. */
import { SECRET, signToken } from '@rockpool/access/testing'
import { postgresLogs } from '@rockpool/sync-server/postgres'
import { type RunningSyncServer, startSyncServer } from '@rockpool/sync-server/node'
import { eventsAfter, type HttpClient, httpClient } from '@rockpool/sync-server/testing'
import { beforeEach, expect, it } from 'vitest'
import { connectLive } from '../../packages/sync-server/src/testing/live-client.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

const STORE = 'shop'
/** Events of one push. */
const BATCH = 5

let database: PostgresServer
let servers: RunningSyncServer[]
let token: string
let errors: unknown[]
beforeEach(async () => {
  database = await startPostgres()
  token = await signToken(STORE)
  errors = []
  servers = await Promise.all(
    [0, 1].map(async () =>
      startSyncServer({
        logs: await postgresLogs({ url: database.url }),
        secrets: [SECRET],
        onError: (error) => errors.push(error),
      }),
    ),
  )
  return async () => {
    for (const server of servers) await server.stop()
    await database.stop()
  }
}, 60_000)

const clientOf = (index: number): HttpClient => httpClient(servers[index]!.url, STORE, token)
const batch = (parent: number, name: string) =>
  eventsAfter(parent, ...Array.from({ length: BATCH }, (_, index) => `${name}.${index}`)).map((event, index) =>
    Object.assign(event, { sessionId: `tab#${name}.${index}` }),
  )

/** Repeats a push until it is acknowledged. @returns the statuses before */
const pushUntilStored = async (http: HttpClient, name: string): Promise<number[]> => {
  const statuses: number[] = []
  for (;;) {
    const { status } = await http.push(0, batch(0, name), { mayRenumber: true })
    if (status === 200) return statuses
    statuses.push(status)
  }
}

it('responds storage_unavailable while Postgres is away, and goes on when it is back', async () => {
  const [first, second] = [clientOf(0), clientOf(1)]
  await pushUntilStored(first, 'before')
  const live = connectLive(servers[1]!.url, STORE, token)
  expect(await live.next()).toMatchObject({ head: BATCH })

  await database.kill()
  for (const response of [
    await first.push(BATCH, batch(BATCH, 'lost')),
    await first.head(),
    await second.events(),
    await first.push(BATCH, batch(BATCH, 'lost')),
  ]) {
    expect([response.status, response.body.error.code]).toEqual([503, 'storage_unavailable'])
    expect(response.headers.get('retry-after')).toBe('5')
    expect(response.body.error.message).not.toContain('postgres')
  }
  expect(errors.length).toBeGreaterThan(0)
  for (const error of errors) {
    expect(error).toMatchObject({ name: 'EventLogError', code: 'unavailable' })
    expect(String(error)).toMatch(
      /^EventLogError: The Postgres database of the event logs cannot be \w+ \(.+\)\. \w.*\.$/,
    )
  }

  await database.start()
  await pushUntilStored(first, 'after')
  expect((await second.events()).body.events).toHaveLength(2 * BATCH)
  // The socket of the other server hears of it: by a notice, or by the head once it listens again.
  expect(await live.next()).toMatchObject({ head: 2 * BATCH })
  live.socket.terminate()
})

it('stores each push once and as a whole when Postgres crashes under pushes', { timeout: 120_000 }, async () => {
  const stored: string[] = []
  let done = false
  const write = async (name: string, server: number) => {
    for (let count = 0; !done; count++) {
      await pushUntilStored(clientOf(server), `${name}${count}`)
      stored.push(`${name}${count}`)
    }
  }
  const writing = Promise.all([write('a', 0), write('b', 1), write('c', 0)])
  for (let crash = 0; crash < 3; crash++) {
    await expect.poll(() => stored.length, { timeout: 60_000 }).toBeGreaterThan((crash + 1) * 20)
    await database.kill()
    await database.start()
  }
  done = true
  await writing

  const values: unknown[] = []
  for (let head = 1; values.length < head;) {
    const { body } = await clientOf(0).events(`?since=${values.length}`)
    ;({ head } = body)
    values.push(...body.events.map(({ args }) => args!.value))
  }
  const batches = Array.from({ length: values.length / BATCH }, (_, index) =>
    values.slice(index * BATCH, (index + 1) * BATCH),
  )
  const names = batches.map(([first]) => String(first).split('.')[0]!)
  expect(names.toSorted()).toEqual(stored.toSorted())
  expect(batches).toEqual(names.map((name) => batch(0, name).map(({ argsJson }) => JSON.parse(argsJson!).value)))
})
