/** What an adversary with a good token pushes: each is refused with its code, or is harmless to those who read. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { poolArgs, SECRET, signToken } from '@rockpool/access/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventsAfter } from '../testing/events.ts'
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

const lists = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

const ADDED = 'v2.FileAdded'

/** What each is refused with: the status of the push, or the codes of its events; none if all are taken. */
type Outcome = number | readonly string[]

/** `cases/hostile-records/poison.mjs`, in its order. */
const CASES: readonly [string, (added: (change?: object) => object) => readonly object[], Outcome][] = [
  ['a good event', (added) => [event(2, ADDED, added())], []],
  ['a name that no client knows', () => [event(2, 'hack.Unknown', { x: 1 })], []],
  ['names that every object has', () => [event(2, '__proto__', {}), event(3, 'constructor', {})], []],
  ['no name', () => [event(2, '__proto__', {}), event(3, '', {})], ['bad_event']],
  ['args null', () => [event(2, ADDED, null)], ['bad_event']],
  [
    'args of other types',
    () => [event(2, ADDED, []), event(3, ADDED, 'x'), event(4, ADDED, 7), event(5, ADDED, true)],
    ['bad_event', 'bad_event', 'bad_event', 'bad_event'],
  ],
  ["args null of an app's event", () => [event(2, 'x.y', null)], []],
  ['1,000 levels of metadata', (added) => [event(2, ADDED, added({ meta: lists(1_000) }))], ['bad_meta']],
  ['2,000 levels of metadata', (added) => [event(2, ADDED, added({ meta: lists(2_000) }))], ['bad_meta']],
  ['3,000 levels of metadata', (added) => [event(2, ADDED, added({ meta: lists(3_000) }))], ['bad_meta']],
  ['20,000 levels of metadata', (added) => [event(2, ADDED, added({ meta: lists(20_000) }))], ['bad_meta']],
  ['200,000 levels of metadata', (added) => [event(2, ADDED, added({ meta: lists(200_000) }))], ['event_too_large']],
  [
    'an edit with 100,000 levels of metadata',
    () => [event(2, 'v2.FileMetaSet', { opId: 'o', id: 'first', at: 1, meta: objects(100_000) })],
    ['event_too_large'],
  ],
  ['3,000 levels of args', (added) => [event(2, ADDED, { ...added(), x: JSON.parse(lists(3_000)) })], ['bad_event']],
  ["800 levels of an app's args", () => [event(2, 'x.y', JSON.parse(lists(800)))], ['bad_event']],
  ['the largest number', (added) => [{ ...event(2, ADDED, added()), seqNum: Number.MAX_SAFE_INTEGER }], 400],
  ['a number after a gap', (added) => [{ ...event(2, ADDED, added()), seqNum: 1_001 }], 400],
  ['the number 1e300', (added) => [{ ...event(2, ADDED, added()), seqNum: 1e300 }], 400],
  ['the number 1.5', (added) => [{ ...event(2, ADDED, added()), seqNum: 1.5 }], 400],
  ['the number -5', (added) => [{ ...event(2, ADDED, added()), seqNum: -5 }], 400],
  ['the number 0', (added) => [{ ...event(2, ADDED, added()), seqNum: 0 }], 400],
  [
    'numbers that are not in order',
    (added) => [
      { ...event(2, ADDED, added()), seqNum: 5 },
      { ...event(3, ADDED, added()), seqNum: 3 },
    ],
    400,
  ],
  ['another parent', (added) => [event(2, ADDED, added()), { ...event(3, ADDED, added()), parentSeqNum: 77 }], 400],
  ['a time before all calendars', (added) => [event(2, ADDED, added({ at: -9e15 }))], ['bad_event']],
  ['lone surrogates', (added) => [event(2, ADDED, added({ id: 'evil\ud800', name: '\udc00' }))], ['bad_event']],
  ['NUL', (added) => [event(2, ADDED, added({ id: 'e\0vil', opId: 'x\0', name: 'a\0b' }))], ['bad_event']],
  ['the largest size', (added) => [event(2, ADDED, added({ size: Number.MAX_SAFE_INTEGER }))], ['too_large']],
  [
    'the ids of another device',
    (added) => [{ ...event(2, ADDED, added()), clientId: 'victim', sessionId: 'static' }],
    [],
  ],
  [
    'keys that every object has',
    (added) => [event(2, ADDED, { ...added(), valueOf: 1, toString: 1, constructor: 1 })],
    [],
  ],
  ['a name of 700 kB', (added) => [event(2, ADDED, added({ name: 'x'.repeat(700_000) }))], ['event_too_large']],
  ['a name of 1.5 MB', (added) => [event(2, ADDED, added({ name: 'x'.repeat(1_500_000) }))], 413],
  ['a name of 10 MB', (added) => [event(2, ADDED, added({ name: 'x'.repeat(10_000_000) }))], 413],
  [
    'ids of 100 kB',
    (added) => [{ ...event(2, ADDED, added()), clientId: `${'x'.repeat(100_000)}'\0;--`, sessionId: '' }],
    ['event_too_large'],
  ],
]

describe('a hostile writer', () => {
  it.each(CASES)('pushes %s', async (_, make, outcome) => {
    const { storeId, client } = await openStore()
    const added = (change: object = {}) => ({ ...poolArgs(storeId)['v2.FileAdded'], id: 'evil', ...change })
    await post(client, 0, [event(1, ADDED, added({ id: 'first' }))])
    const events = make(added)
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
