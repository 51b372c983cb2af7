import type { PoolEvent } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { CLOCK_SKEW_SECONDS } from '@rockpool/access'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { liveStoreLog } from '../log/live-store-log.ts'
import { makeTokenSync } from '../sync-client/token-sync.ts'
import { anyEvents, renameKeys } from '../testing/any-events.ts'
import {
  type ClientOptions,
  cuttable,
  openClient,
  startTestBackend,
  tokenFor,
  type TokenOptions,
  until,
} from '../testing/clients.ts'
import type { EmbeddedSyncBackend } from './embedded.ts'

vi.setConfig({ testTimeout: 120_000 })

let backend: EmbeddedSyncBackend
beforeAll(async () => {
  backend = await startTestBackend()
})
afterAll(() => backend.stop())

let stores = 0
const nextStore = () => `sync${++stores}`

const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const shutdown of opened.splice(0)) await shutdown()
})

const connect = async (
  storeId: string,
  clientId: string,
  { tokenOptions, ...options }: Partial<ClientOptions> & { readonly tokenOptions?: TokenOptions } = {},
) => {
  const store = await openClient({
    storeId,
    clientId,
    sync: makeTokenSync({ url: backend.url, token: () => tokenFor(storeId, tokenOptions) }),
    ...options,
  })
  opened.push(() => store.shutdownPromise().catch(() => undefined))
  return { store, log: liveStoreLog({ store }) }
}

const added = (storeId: string, id: string): PoolEvent => ({
  name: 'v2.FileAdded',
  opId: `add ${id}`,
  args: {
    id,
    name: `${id}.jpg`,
    type: 'image/jpeg',
    size: 3,
    remoteKey: `${storeId}/files/${'a'.repeat(64)}` as RemoteKey,
    meta: {},
    at: 1,
  },
})
const renamed = (id: string, name: string): PoolEvent => ({
  name: 'v2.FileRenamed',
  opId: `rename ${id} ${name}`,
  args: { id, name, at: 2 },
})

describe('two clients', () => {
  it('agree, whatever each did while it was alone', async () => {
    const storeId = nextStore()
    const sync = makeTokenSync({ url: backend.url, token: () => tokenFor(storeId) })
    const lines = [cuttable(sync), cuttable(sync)]
    const [a, b] = await Promise.all(lines.map(({ connection }, i) => connect(storeId, `c${i}`, { sync: connection })))
    let runs = 0
    // The backend takes keys of configured buckets in this store only.
    const acceptable = (key: unknown) =>
      `${storeId}/files/${String(key)
        .slice(-1)
        .replace(/[^a-c]/, 'a')
        .padStart(1, 'a')
        .repeat(64)}`
    const ownOne = (event: PoolEvent): PoolEvent => {
      const args: Record<string, unknown> = { ...event.args }
      for (const key of ['remoteKey', 'basedOn']) if (key in args) args[key] = acceptable(args[key])
      return { ...event, args } as unknown as PoolEvent
    }
    const own = (events: readonly PoolEvent[], run: string) => events.map((event) => ownOne(renameKeys(event, run)))
    await fc.assert(
      fc.asyncProperty(anyEvents, anyEvents, async (mine, yours) => {
        const run = `run${++runs}-`
        for (const line of lines) line.cut()
        a!.log.append(own(mine, run))
        b!.log.append(own(yours, run))
        for (const line of lines) line.join()
        const opIds = new Set([...mine, ...yours].map(({ opId }) => run + opId))
        await until(() => [...opIds].every((opId) => a!.log.applied(opId) && b!.log.applied(opId)))
        await until(() => a!.store.syncStatus().isSynced && b!.store.syncStatus().isSynced)
        await until(() => JSON.stringify(rowsOf(a!.store)) === JSON.stringify(rowsOf(b!.store)))
      }),
      { numRuns: 24, endOnFailure: true },
    )
  })

  it('keep up with bulk work that reads its own writes, in development too', async () => {
    // In development LiveStore compares statements of leader and session: see `materializers.ts`, 2.
    const storeId = nextStore()
    const a = await connect(storeId, 'a')
    const b = await connect(storeId, 'b')
    const ids = Array.from({ length: 100 }, (_, i) => `f${i}`)
    a.log.append(ids.flatMap((id) => [added(storeId, id), renamed(id, 'x'), renamed(id, `${id} y`)]))
    await until(() => b.log.applied('rename f99 f99 y'))
    expect(b.log.list({ limit: 1_000 })).toEqual(a.log.list({ limit: 1_000 }))
  })
})

describe('a connection', () => {
  const dial = async (storeId: string, token: string) => {
    const payload = encodeURIComponent(encodeURIComponent(JSON.stringify({ authToken: token })))
    const url = `${backend.url.replace('http', 'ws')}/?storeId=${storeId}&transport=ws&payload=${payload}`
    const socket = new WebSocket(url)
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener('close', ({ code }) => resolve(code))
    })
    await new Promise((resolve) => {
      socket.addEventListener('open', resolve)
    })
    return { socket, closed }
  }
  const pull = (storeId: string) =>
    JSON.stringify({
      _tag: 'Request',
      id: '1',
      tag: 'SyncWsRpc.Pull',
      payload: { storeId, live: true, cursor: { _tag: 'None' } },
      headers: [],
    })

  it('ends when a message names another store than the one it was opened for', async () => {
    const storeId = nextStore()
    const { socket, closed } = await dial(storeId, await tokenFor(storeId))
    socket.send(pull('another'))
    expect(await closed).toBe(4403)
  })

  it('ends when its token has expired: no event is sent to it any more', async () => {
    const storeId = nextStore()
    const ends = (Math.floor(Date.now() / 1000) + 2) * 1000
    const { socket, closed } = await dial(storeId, await tokenFor(storeId, { expiresIn: 2 - CLOCK_SKEW_SECONDS }))
    const received: string[] = []
    socket.addEventListener('message', ({ data }) => received.push(String(data)))
    socket.send(pull(storeId))
    await vi.waitFor(() => expect(received.length).toBeGreaterThan(0))
    const reader = await connect(storeId, 'reader')
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(ends), { timeout: 10_000 })
    const { log } = await connect(storeId, 'writer')
    log.append([added(storeId, 'after the end')])
    expect(await closed).toBe(4401)
    expect(received.join()).not.toContain('after the end')
    // nor does the closed connection keep it from the others
    await until(() => reader.log.applied('add after the end'))
  })
})

describe('a push that is refused', () => {
  it('is tried again for ever: the client stays open, keeps the event pending, and sends nothing behind it', async () => {
    const storeId = nextStore()
    const { store, log } = await connect(storeId, 'reader', { tokenOptions: { rights: ['read'] } })
    const writer = await connect(storeId, 'writer')
    writer.log.append([added(storeId, 'theirs')])
    await until(() => log.applied('add theirs'))

    log.append([added(storeId, 'refused')])
    await until(() => store.syncStatus().isSynced) // session to leader only
    expect(log.file('refused')).toBeDefined() // the tab shows what no one else will see
    const leader = async () => (await store._dev.syncStates()).leader
    expect((await leader()).pending.map(({ args }) => args.opId)).toEqual(['add refused'])

    // It still receives: the pending event is rebased behind what others wrote, and pushed and refused again.
    writer.log.append([renamed('theirs', 'still here')])
    await until(() => log.file('theirs')?.name === 'still here')
    expect((await leader()).pending.map(({ args }) => args.opId)).toEqual(['add refused'])
    expect(writer.log.file('refused')).toBe(undefined)
    log.append([renamed('refused', 'more')]) // not shut down
    expect(log.file('refused')?.name).toBe('more')
  })

  it('is told with its reason, once, until the events are taken', async () => {
    const storeId = nextStore()
    let mayWrite = false
    const told: unknown[] = []
    const sync = makeTokenSync({
      url: backend.url,
      // 4 s: renewed every 2 s
      token: () => tokenFor(storeId, { rights: mayWrite ? ['read', 'write'] : ['read'], expiresIn: 4 }),
      onRefusal: (...now) => told.push(now),
    })
    const { log } = await connect(storeId, 'a', { sync })
    const other = await connect(storeId, 'b')
    log.append([added(storeId, 'waiting')])
    await until(() => told.length > 0)
    // What another device writes has LiveStore push again, and is no word on this one's own.
    other.log.append([added(storeId, 'theirs')])
    await until(() => log.applied('add theirs'))
    mayWrite = true
    await until(() => other.log.applied('add waiting') && told.length > 1)
    expect(told).toEqual([
      [`This token may not write in the store "${storeId}".`, storeId],
      [undefined, storeId],
    ])
  })
})

describe('makeTokenSync', () => {
  it('renews a token that expires while the store is open, and what was written meanwhile arrives', async () => {
    const storeId = nextStore()
    let asked = 0
    const sync = makeTokenSync({
      url: backend.url,
      token: () => tokenFor(storeId, { expiresIn: ++asked === 1 ? 2 - CLOCK_SKEW_SECONDS : 3_600 }),
    })
    const a = await connect(storeId, 'a', { sync })
    const b = await connect(storeId, 'b')
    a.log.append([added(storeId, 'before')])
    await until(() => b.log.applied('add before'))
    await vi.waitFor(() => expect(asked).toBe(2), { timeout: 10_000 })
    b.log.append([added(storeId, 'theirs')])
    a.log.append([added(storeId, 'mine')])
    await until(() => a.log.applied('add theirs') && b.log.applied('add mine'))
  })
})

const rowsOf = (store: Awaited<ReturnType<typeof openClient>>) =>
  ['rockpool_files', 'rockpool_file_versions', 'rockpool_remote_contents', 'rockpool_applied_operations'].map((table) =>
    store.query({ query: `SELECT * FROM ${table} ORDER BY 1`, bindValues: {} }),
  )
