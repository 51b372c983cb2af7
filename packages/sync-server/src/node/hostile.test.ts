/** What an adversary with a good token pushes: each is refused with its code, or is harmless to those who read. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { poolArgs, SECRET, signToken } from '@rockpool/access/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventsAfter } from '../testing/events.ts'
import { HOSTILE_PUSHES } from '../testing/hostile-pushes.ts'
import { type HttpClient, httpClient } from '../testing/http-client.ts'
import { connectLive } from '../testing/live-client.ts'
import { type RunningSyncServer, startSyncServer } from './start.ts'

let dataDir: string
let server: RunningSyncServer
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'rockpool-hostile-'))
  server = await startSyncServer({ dataDir, secrets: [SECRET], onError: () => {} })
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

let stores = 0
const openStore = async () => {
  const storeId = `hostile-${++stores}`
  return { storeId, client: httpClient(server.url, storeId, await signToken(storeId, { sub: 'mallory' })) }
}

const event = (seqNum: number, name: string, args: unknown) => ({
  name,
  args,
  seqNum,
  parentSeqNum: seqNum - 1,
  clientId: 'mallory',
  sessionId: 'm1',
})
const post = (client: HttpClient, parent: number, events: readonly unknown[]) =>
  client.post(JSON.stringify({ parent, events }))

const ADDED = 'v2.FileAdded'

describe('a hostile writer', () => {
  it.each(HOSTILE_PUSHES)('pushes %s', async (_, make, outcome) => {
    const { storeId, client } = await openStore()
    const added = (change: object = {}) => ({ ...poolArgs(storeId)['v2.FileAdded'], id: 'evil', ...change })
    await post(client, 0, [event(1, ADDED, added({ id: 'first' }))])
    const victim = { clientId: 'victim', sessionId: 'static' }
    const events = make({ event: (n, ...rest) => event(1 + n, ...rest), added, head: 1, victim })
    const { status, body } = await post(client, 1, events)
    if (typeof outcome === 'number') expect(status).toBe(outcome)
    else if (outcome.length === 0) expect(status).toBe(200)
    else expect([status, body.refused.map(({ code }) => code)]).toEqual([422, outcome])

    // The log is as the response says, and others go on.
    const taken = status === 200 ? events.length : status === 422 ? body.taken : 0
    const page = await client.events()
    expect([page.status, page.body.head, page.body.events.length]).toEqual([200, 1 + taken, 1 + taken])
    expect(page.body.events.slice(1)).toEqual(JSON.parse(JSON.stringify(events.slice(0, taken))))
    expect((await client.push(1 + taken, eventsAfter(1 + taken, 'after'))).status).toBe(200)
  })

  /** `cases/hostile-records/oversize-event.mjs` */
  it.each([
    [50, 200],
    [66, 422],
    [800, 422],
    [905, 422],
    [1_040, 422],
    [1_200, 413],
    [2_100, 413],
  ])('pushes an event of %i kB, and those who read get what follows', async (kilobytes, expected) => {
    const { storeId, client } = await openStore()
    await client.push(0, eventsAfter(0, 'first'))
    const live = connectLive(server.url, storeId, await signToken(storeId))
    await live.next()
    const { status } = await client.push(1, eventsAfter(1, 'x'.repeat(kilobytes * 1_000)))
    expect(status).toBe(expected)
    const head = status === 200 ? 2 : 1
    await client.push(head, eventsAfter(head, 'after'))
    if (status === 200) expect(await live.next()).toMatchObject({ since: 1, head: 2 })
    expect(await live.next()).toMatchObject({ since: head, head: head + 1, events: [{ args: { value: 'after' } }] })
    expect((await client.events()).body.events.at(-1)?.args?.value).toBe('after')
    live.socket.terminate()
  })
})
