/** What the provider reports, with a real server in each of the states. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { signToken } from '@rockpool/access/testing'
import { memoryLogs } from '@rockpool/sync-server'
import { Effect } from 'effect'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import { eventsAfter, markLeader, newStoreId, openDevice, startServer, unmarkLeader } from '../testing/sync-device.ts'
import { pushRefusedError } from './push-refused-error.ts'
import { watchSyncStatus } from './status-channel.ts'

let restarts: ReadonlyMap<string, number>
beforeEach(() => {
  restarts = markLeader()
})

const startFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-sync-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
const onDisk = (dataDir: string, port = 0) => startServer({ dataDir, logs: undefined as never, port })
const portOf = ({ url }: { readonly url: string }) => Number(new URL(url).port)

describe('a push that the server rejects', () => {
  const forbiddenEvent = (seqNum: number) => ({
    ...eventsAfter(seqNum - 1, 'x')[0]!,
    name: 'v2.FileAdded',
    args: {
      id: 'x',
      name: 'x',
      type: 'image/png',
      size: 1,
      meta: '{}',
      remoteKey: `another/files/${'a'.repeat(64)}`,
      at: 1,
      opId: 'o',
    },
  })

  it('of events fails with the server’s words and these events, and is reported until a push is taken', async () => {
    const { url } = await startServer()
    const device = await openDevice({ url, storeId: newStoreId() })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    const { tag, error } = await device.push([...eventsAfter(0, 'one'), forbiddenEvent(2)])
    expect(tag).toBe('UnknownError')
    const [refused] = pushRefusedError(error)!.refused
    expect(refused).toEqual({
      code: 'forbidden',
      message: expect.stringContaining('another store'),
      event: forbiddenEvent(2),
    })
    expect(device.statuses.at(-1)).toMatchObject({
      state: 'refused',
      reason: { code: 'push_refused', message: refused!.message },
    })
    // What came before the refused event is taken.
    await device.time.until(() => pull.seqNums().length === 1)
    await device.push(eventsAfter(1, 'two'))
    expect(device.status()).toBe('connected')
  })

  it('names the event in the second request of a push', async () => {
    const { url } = await startServer()
    const device = await openDevice({ url, storeId: newStoreId() })
    const texts = Array.from({ length: 1_200 }, () => 'x')
    const { error } = await device.push([...eventsAfter(0, ...texts), forbiddenEvent(1_201)])
    expect(pushRefusedError(error)!.refusedEvents).toEqual([forbiddenEvent(1_201)])
  })

  it('names an event that is too large by itself', async () => {
    const { url } = await startServer()
    const device = await openDevice({ url, storeId: newStoreId() })
    const { error } = await device.push(eventsAfter(0, 'one', 'x'.repeat(1_100_000), 'three'))
    expect(pushRefusedError(error)!.refused).toMatchObject([{ code: 'event_too_large', event: { seqNum: 2 } }])
    expect(device.status()).toBe('push_refused')
  })

  it('names an event that is malformed', async () => {
    const { url } = await startServer()
    const device = await openDevice({ url, storeId: newStoreId() })
    const { error } = await device.push([...eventsAfter(0, 'one'), { ...eventsAfter(1, 'two')[0]!, name: '' }])
    expect(pushRefusedError(error)!.refused).toMatchObject([{ event: { seqNum: 2 } }])
  })

  it('is no restart of the leader, however long it lasts', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId, token: () => signToken(storeId, { rights: ['read'] }) })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    for (let attempt = 0; attempt < 4; attempt++) {
      await device.push(eventsAfter(0, 'one'))
      await device.time.pass(20_000, 100)
    }
    expect(device.statuses.at(-1)).toMatchObject({ state: 'refused', reason: { code: 'forbidden' } })
    expect(restarts.get(storeId)).toBeUndefined()
  })
})

describe('a server', () => {
  it('that is away is reported, and that it is back', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    const device = await openDevice({ url: proxy.url, storeId: newStoreId() })
    device.pull()
    await device.time.until(() => device.status() === 'connected')
    const port = portOf(proxy)
    await proxy.close()
    await device.time.until(() => device.status() === 'no_answer')
    expect(device.statuses.at(-1)!.state).toBe('offline')
    const again = await startFaultProxy(url, port)
    onTestFinished(again.close)
    await device.time.until(() => device.status() === 'connected')
  })

  it('that is away and back is one change for LiveStore each, however often it is asked', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    proxy.refusesUpgrades = true
    const device = await openDevice({ url: proxy.url, storeId: newStoreId() })
    device.pull()
    await device.time.pass(30_000, 100)
    const port = portOf(proxy)
    await proxy.close()
    await device.time.pass(60_000, 100)
    const again = await startFaultProxy(url, port)
    onTestFinished(again.close)
    await device.time.pass(60_000, 100)
    expect(device.connections).toEqual([false, true, false, true])
  })

  it('that never answered may be down or not allow this origin: the report says both', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    await proxy.close()
    const device = await openDevice({ url: proxy.url, storeId: newStoreId() })
    device.pull()
    await device.time.until(() => device.status() === 'cors')
    expect(device.statuses.at(-1)!.state).toBe('stuck')
    expect(device.statuses.at(-1)!.reason.message).toMatch(/may be down.*CORS/)
    expect(console.warn).toHaveBeenCalledTimes(1)
  })

  it('that is no sync server is reported with the url', async () => {
    const { url } = await startServer()
    const wrong = url.replace(/sync$/, 'elsewhere')
    const device = await openDevice({ url: wrong, storeId: newStoreId(), fetch: async () => new Response('<html>') })
    device.pull()
    await device.time.until(() => device.status() === 'cors')
    expect(device.statuses.at(-1)!.reason.message).toContain('Check the url option')
  })

  it('that does not let the user read is reported', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId, token: () => signToken('another') })
    device.pull()
    await device.time.until(() => device.status() === 'forbidden')
    expect(device.statuses.at(-1)!.state).toBe('refused')
  })

  it('with another log ends pull and push, after a reload too', async () => {
    const first = await startServer()
    const port = portOf(first)
    const storeId = newStoreId()
    const kept = new Map<string, string>()
    const device = await openDevice({ url: first.url, storeId, kept })
    device.pull()
    await device.push(eventsAfter(0, 'one'))
    await device.close()
    await first.stop()

    await startServer({ logs: memoryLogs(), port })
    const reloaded = await openDevice({ url: first.url, storeId, kept })
    const pull = reloaded.pull(1)
    await reloaded.time.until(() => pull.ended() !== undefined)
    expect(String(pull.ended())).toContain('BackendIdMismatchError')
    expect(reloaded.status()).toBe('foreign_backend')
    expect((await reloaded.push(eventsAfter(1, 'two'))).tag).toBe('BackendIdMismatchError')
  })

  it('restored from an older backup is reported, and the pull resumes once it has the same events again', async () => {
    const folder = await startFolder()
    const backup = await startFolder()
    const storeId = newStoreId()
    const first = await onDisk(folder)
    const port = portOf(first)
    const device = await openDevice({ url: first.url, storeId })
    const pull = device.pull()
    await device.push(eventsAfter(0, 'one', 'two'))
    await first.stop()
    await cp(folder, backup, { recursive: true })
    const second = await onDisk(folder, port)
    await device.time.until(() => device.isConnected())
    await device.push(eventsAfter(2, 'three'))
    await device.time.until(() => pull.seqNums().length === 3)
    await second.stop()

    const restored = await onDisk(backup, port)
    await device.time.until(() => device.status() === 'server_behind')
    const { tag, error } = await device.push(eventsAfter(3, 'four'))
    expect(tag).toBe('UnknownError')
    // The server has nothing against the event: LiveStore must not roll it back.
    expect(pushRefusedError(error)).toBeUndefined()
    await restored.stop()

    await onDisk(folder, port)
    await device.time.until(() => device.status() === 'connected')
    expect((await device.push(eventsAfter(3, 'four'))).tag).toBe('taken')
    await device.time.until(() => pull.seqNums().length === 4)
    expect(pull.ended()).toBeUndefined()
  })

  it('restored from an older backup that others wrote to is reported as forked, and nothing of it is taken', async () => {
    const folder = await startFolder()
    const storeId = newStoreId()
    const first = await onDisk(folder)
    const port = portOf(first)
    const device = await openDevice({ url: first.url, storeId })
    const pull = device.pull()
    await device.push(eventsAfter(0, 'one'))
    await first.stop()
    const backup = await startFolder()
    await cp(folder, backup, { recursive: true })
    const second = await onDisk(folder, port)
    await device.time.until(() => device.isConnected())
    await device.push(eventsAfter(1, 'two'))
    await device.time.until(() => pull.seqNums().length === 2)
    await second.stop()

    await onDisk(backup, port)
    await device.time.until(() => device.status() === 'server_behind')
    const other = await openDevice({ url: first.url, storeId })
    await other.push(eventsAfter(1, 'another', 'three'))
    await device.time.until(() => device.status() === 'forked')
    expect(pull.seqNums()).toEqual([1, 2])
    expect(pull.ended()).toBeUndefined()
  })
})

describe('a leader that', () => {
  it('begins no pull is restarted within 5 s, and reported if that does not help', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    await pull.stop()
    expect(await device.time.until(() => restarts.get(storeId) === 1)).toBeLessThan(6_500)
    await device.time.until(() => device.status() === 'not_converging')
    device.pull()
    await device.time.until(() => device.status() === 'connected')
  })

  it('does not take events is asked in steps, restarted, and reported', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    onTestFinished(proxy.close)
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    const device = await openDevice({ url: proxy.url, storeId })
    const gate = Effect.unsafeMakeLatch(true)
    const pull = device.pull(0, { onItem: () => gate.await })
    await device.time.until(() => proxy.sockets === 1 && pull.items.length === 1)
    Effect.runSync(gate.close)
    await writer.push(eventsAfter(0, 'one'))
    expect(await device.time.until(() => restarts.get(storeId) === 1, 60_000, 100)).toBeGreaterThan(45_000)
    expect(proxy.upgrades).toBeGreaterThan(1)
    await device.time.until(() => device.status() === 'not_converging', 20_000, 100)
    Effect.runSync(gate.open)
    await device.time.until(() => device.status() === 'connected')
  })

  it('works is left alone', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId })
    device.pull()
    await device.push(eventsAfter(0, 'one'))
    await device.time.pass(120_000, 100)
    expect(restarts.get(storeId)).toBeUndefined()
    expect(device.statuses.map(({ reason }) => reason.code)).toEqual(['connecting', 'connected'])
  })

  it('sleeps with its device between two pulls is not restarted when it wakes up', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    const device = await openDevice({ url, storeId })
    const first = device.pull()
    await device.time.until(() => first.items.length === 1)
    await first.stop()
    await writer.push(eventsAfter(0, 'one'))
    await device.time.pass(3_600_000, 3_600_000)
    const second = device.pull()
    await device.time.until(() => second.seqNums().length === 1)
    await device.time.pass(15_000)
    expect(restarts.get(storeId)).toBeUndefined()
  })
})

describe('without Rockpool’s leader module', () => {
  it('fails at opening, says why, and reports it to pages that open later', async () => {
    unmarkLeader()
    const { url } = await startServer()
    const storeId = newStoreId()
    await expect(openDevice({ url, storeId })).rejects.toThrow('lacks Rockpool’s plugin')
    const page = watchSyncStatus(storeId)
    onTestFinished(page.close)
    await vi.waitUntil(() => page.current.reason.code === 'plugin_missing', { timeout: 5_000, interval: 5 })
  })
})

it('publishes to pages of the same origin', async () => {
  const { url } = await startServer()
  const storeId = newStoreId()
  const page = watchSyncStatus(storeId)
  onTestFinished(page.close)
  const device = await openDevice({ url, storeId })
  device.pull()
  await device.time.until(() => page.current.reason.code === 'connected')
})
