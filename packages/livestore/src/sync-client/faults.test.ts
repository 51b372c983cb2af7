/** The provider before a network and a server that fail: a TCP proxy cuts, drops and refuses for real. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { signToken } from '@rockpool/access/testing'
import { memoryLogs } from '@rockpool/sync-server'
import { Effect } from 'effect'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../testing/fault-proxy.ts'
import {
  type DeviceOptions,
  eventsAfter,
  markLeader,
  newStoreId,
  openDevice,
  startServer,
  upTo,
} from '../testing/sync-device.ts'

beforeEach(() => void markLeader())

/** Rights may repeat: a token of more than 4 KiB. */
const LONG_RIGHTS = Array.from({ length: 500 }, () => 'read' as const)

/** A device behind a proxy, with its pull, and another one that is not. */
const setup = async (options: Partial<DeviceOptions> = {}) => {
  const { url } = await startServer()
  const proxy = await startFaultProxy(url)
  onTestFinished(proxy.close)
  const { storeId = newStoreId() } = options
  const device = await openDevice({ url: proxy.url, ...options, storeId })
  const other = await openDevice({ url, storeId })
  const pull = device.pull()
  await device.time.until(() => pull.items.length === 1)
  return { url, proxy, storeId, device, other, pull, time: device.time }
}

const withSocket = async (options?: Partial<DeviceOptions>) => {
  const all = await setup(options)
  await all.time.until(() => all.proxy.sockets === 1)
  // The first message makes the socket count.
  await all.other.push(eventsAfter(0, 'one'))
  await all.time.until(() => all.pull.seqNums().length === 1)
  return all
}

describe('without a socket', () => {
  it('polls after 3 s, then less often, and is online', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    onTestFinished(proxy.close)
    proxy.refusesUpgrades = true
    const polls: number[] = []
    const storeId = newStoreId()
    const device = await openDevice({
      url: proxy.url,
      storeId,
      fetch: (input, init) => {
        polls.push(device.time.now())
        return fetch(input, init)
      },
    })
    const began = device.time.now()
    device.pull()
    await device.time.pass(60_000)
    const waits = polls.slice(1).map((at, index) => at - polls[index]!)
    expect(polls[1]! - began).toBeGreaterThanOrEqual(2_900)
    expect(polls[1]! - began).toBeLessThan(3_500)
    for (const [index, wait] of [2_000, 3_000, 4_500, 6_750, 10_125].entries()) {
      expect(Math.abs(waits[index + 1]! - wait)).toBeLessThan(300)
    }
    expect(device.status()).toBe('connected')
    expect(proxy.upgrades).toBeGreaterThan(2)
  })

  it('gets the events of others by polling, and by the socket once it opens', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    onTestFinished(proxy.close)
    proxy.refusesUpgrades = true
    const storeId = newStoreId()
    const device = await openDevice({ url: proxy.url, storeId })
    const other = await openDevice({ url, storeId })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    await other.push(eventsAfter(0, 'one'))
    expect(await device.time.until(() => pull.seqNums().length === 1)).toBeLessThan(6_000)
    proxy.refusesUpgrades = false
    await device.time.until(() => proxy.sockets === 1)
    await device.time.pass(1_000)
    await other.push(eventsAfter(1, 'two'))
    expect(await device.time.until(() => pull.seqNums().length === 2)).toBeLessThan(1_500)
  })

  it('syncs with a token that is too long for a socket', async () => {
    const storeId = newStoreId()
    const { proxy, device, other, pull, time } = await setup({
      storeId,
      token: () => signToken(storeId, { sub: 'a'.repeat(1_000), rights: [...LONG_RIGHTS] }),
    })
    await other.push(eventsAfter(0, 'one'))
    await time.until(() => pull.seqNums().length === 1)
    expect(device.status()).toBe('connected')
    expect(proxy.upgrades).toBe(0)
  })
})

describe('a socket', () => {
  it('that loses a broadcast gets its events after the next ping', async () => {
    const { proxy, other, pull, time } = await withSocket()
    proxy.losesBroadcasts = true
    await other.push(eventsAfter(1, 'two'))
    await time.pass(100)
    proxy.losesBroadcasts = false
    expect(await time.until(() => pull.seqNums().length === 2)).toBeLessThan(27_000)
    expect(proxy.upgrades).toBe(1)
  })

  it('is pinged every 25 s', async () => {
    const { proxy, other, pull, time } = await withSocket()
    for (const seqNum of [2, 3]) {
      proxy.losesBroadcasts = true
      await other.push(eventsAfter(seqNum - 1, 'more'))
      await time.pass(100)
      proxy.losesBroadcasts = false
      expect(await time.until(() => pull.seqNums().length === seqNum)).toBeLessThan(27_000)
    }
    expect(proxy.upgrades).toBe(1)
  })

  it('that loses a broadcast gets its events after the next broadcast', async () => {
    const { proxy, other, pull, time } = await withSocket()
    proxy.losesBroadcasts = true
    await other.push(eventsAfter(1, 'two'))
    await time.pass(100)
    proxy.losesBroadcasts = false
    await other.push(eventsAfter(2, 'three'))
    expect(await time.until(() => pull.seqNums().length === 3)).toBeLessThan(2_000)
  })

  it('that is dead without a close event is replaced after a ping', async () => {
    const { proxy, other, pull, time } = await withSocket()
    proxy.silencesSockets = true
    await other.push(eventsAfter(1, 'two'))
    expect(await time.until(() => pull.seqNums().length === 2)).toBeLessThan(38_000)
    proxy.silencesSockets = false
    await time.until(() => proxy.upgrades > 1)
  })

  it('that is cut is replaced, and what came in between is pulled', async () => {
    const { proxy, other, pull, time } = await withSocket()
    proxy.cut()
    await other.push(eventsAfter(1, 'two'))
    expect(await time.until(() => pull.seqNums().length === 2)).toBeLessThan(3_000)
    await time.until(() => proxy.sockets === 1)
  })
})

describe('a push', () => {
  it('whose response was lost is repeated, and its events are there once', async () => {
    const { proxy, device, pull, time, url, storeId } = await setup()
    proxy.losesPushResponses = true
    expect((await device.push(eventsAfter(0, 'one', 'two'))).tag).toBe('IsOfflineError')
    proxy.losesPushResponses = false
    expect((await device.push(eventsAfter(0, 'one', 'two'))).tag).toBe('taken')
    await time.until(() => pull.seqNums().length >= 2)
    expect(pull.seqNums()).toEqual([1, 2])
    const third = await openDevice({ url, storeId })
    const all = third.pull(0, { live: false })
    await third.time.until(() => all.ended() !== undefined)
    expect(all.seqNums()).toEqual([1, 2])
  })

  it('fails within 20 s when the network hangs', async () => {
    const { proxy, device, time } = await setup()
    proxy.isSilent = true
    let outcome: string | undefined
    void device.push(eventsAfter(0, 'one')).then(({ tag }) => (outcome = tag))
    const took = await time.until(() => outcome !== undefined)
    expect(outcome).toBe('IsOfflineError')
    expect(took).toBeLessThanOrEqual(20_500)
  })

  it('fails at once when the server is away', async () => {
    const { proxy, device, time } = await setup()
    await proxy.close()
    let outcome: string | undefined
    void device.push(eventsAfter(0, 'one')).then(({ tag }) => (outcome = tag))
    expect(await time.until(() => outcome !== undefined)).toBeLessThan(2_000)
    expect(outcome).toBe('IsOfflineError')
  })

  it('that would overlap another history of the same device gets it as a pull item', async () => {
    // The response to a first push was lost, and LiveStore changed its mind about the second event.
    const { proxy, device, pull } = await setup()
    proxy.losesPushResponses = true
    proxy.refusesUpgrades = true
    await device.push(eventsAfter(0, 'one', 'two'))
    proxy.losesPushResponses = false
    const { tag } = await device.push(eventsAfter(0, 'one', 'another'))
    expect(tag).toBe('ServerAheadError')
    // Without another request: the response shows what both have in common.
    await new Promise<void>((resolve) => void setImmediate(resolve))
    expect(pull.events()).toEqual(eventsAfter(0, 'one', 'two'))
  })

  it('waits for the time of Retry-After', async () => {
    const requests: number[] = []
    let waitMs = 0
    const { url } = await startServer({ rateLimit: () => waitMs })
    const device = await openDevice({
      url,
      storeId: newStoreId(),
      fetch: (input, init) => {
        if (init?.method === 'POST') requests.push(device.time.now())
        return fetch(input, init)
      },
    })
    waitMs = 5_000
    expect((await device.push(eventsAfter(0, 'one'))).tag).toBe('IsOfflineError')
    waitMs = 0
    let outcome: string | undefined
    void device.push(eventsAfter(0, 'one')).then(({ tag }) => (outcome = tag))
    await device.time.until(() => outcome !== undefined)
    expect(outcome).toBe('taken')
    expect(requests[1]! - requests[0]!).toBeGreaterThanOrEqual(5_000)
    expect(requests[1]! - requests[0]!).toBeLessThan(5_500)
  })

  it('of a slow uplink is cut into smaller requests until they pass', async () => {
    const { url } = await startServer()
    const sizes: number[] = []
    const device = await openDevice({
      url,
      storeId: newStoreId(),
      // 20 s are not enough for more than this.
      fetch: (input, init) => {
        if (init?.method === 'POST') sizes.push(String(init.body).length)
        return String(init?.body ?? '').length > 300_000 ? new Promise(() => {}) : fetch(input, init)
      },
    })
    const events = eventsAfter(0, ...Array.from({ length: 90 }, () => 'x'.repeat(10_000)))
    const outcomes: string[] = []
    while (outcomes.at(-1) !== 'taken') {
      const before = outcomes.length
      void device.push(events).then(({ tag }) => outcomes.push(tag))
      await device.time.until(() => outcomes.length > before, 60_000, 100)
    }
    expect(outcomes).toEqual(['IsOfflineError', 'IsOfflineError', 'taken'])
    expect(sizes.slice(2).every((size) => size <= 300_000)).toBe(true)
  })

  it('fails within 20 s when Retry-After is longer, without a request', async () => {
    let requests = 0
    let waitMs = 0
    const { url } = await startServer({ rateLimit: () => waitMs })
    const device = await openDevice({
      url,
      storeId: newStoreId(),
      fetch: (input, init) => {
        requests++
        return fetch(input, init)
      },
    })
    waitMs = 600_000
    await device.push(eventsAfter(0, 'one'))
    requests = 0
    let outcome: string | undefined
    void device.push(eventsAfter(0, 'one')).then(({ tag }) => (outcome = tag))
    expect(await device.time.until(() => outcome !== undefined)).toBeLessThan(20_000)
    expect(outcome).toBe('IsOfflineError')
    expect(requests).toBe(0)
  })
})

describe('a page that becomes visible, or whose network is back,', () => {
  const wake = (storeId: string) => {
    const channel = new BroadcastChannel(`rockpool:sync:${storeId}`)
    onTestFinished(() => channel.close())
    channel.postMessage('wake')
  }

  it('ends a pause after failures', async () => {
    const { proxy, url, device, time, storeId } = await setup()
    const port = Number(new URL(proxy.url).port)
    await proxy.close()
    await time.pass(120_000, 100)
    const again = await startFaultProxy(url, port)
    onTestFinished(again.close)
    wake(storeId)
    expect(await time.until(() => device.isConnected())).toBeLessThan(1_000)
  })

  it('finds out that a socket is dead, and what came in between', async () => {
    const { proxy, other, pull, time, storeId } = await withSocket()
    proxy.silencesSockets = true
    await other.push(eventsAfter(1, 'two'))
    wake(storeId)
    expect(await time.until(() => pull.seqNums().length === 2)).toBeLessThan(1_000)
    expect(await time.until(() => proxy.upgrades === 2)).toBeLessThan(12_000)
  })
})

describe('a server', () => {
  it('that restarts on the same port is found again, and nothing is missing', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'rockpool-sync-'))
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
    const first = await startServer({ dataDir, logs: undefined as never })
    const port = Number(new URL(first.url).port)
    const storeId = newStoreId()
    const device = await openDevice({ url: first.url, storeId })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    await device.push(eventsAfter(0, 'one'))
    await first.stop()
    await device.time.until(() => !device.isConnected())
    await startServer({ dataDir, logs: undefined as never, port })
    await device.time.until(() => device.isConnected())
    expect((await device.push(eventsAfter(1, 'two'))).tag).toBe('taken')
    await device.time.until(() => pull.seqNums().length >= 2)
    expect(pull.seqNums()).toEqual([1, 2])
    expect(pull.ended()).toBeUndefined()
  })

  it('that is away for long is asked less and less, and found within 30 s', async () => {
    let requests = 0
    const { proxy, device, time, url } = await setup({
      fetch: (input, init) => {
        requests++
        return fetch(input, init)
      },
    })
    const port = Number(new URL(proxy.url).port)
    await proxy.close()
    await time.until(() => !device.isConnected())
    requests = 0
    await time.pass(600_000, 100)
    // 10 min at 15 s on average, and some at the beginning.
    expect(requests).toBeGreaterThan(20)
    expect(requests).toBeLessThan(80)
    const again = await startFaultProxy(url, port)
    onTestFinished(again.close)
    expect(await time.until(() => device.isConnected())).toBeLessThan(31_000)
  })

  it('that went away between two pages does not leave LiveStore waiting for the second one', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    onTestFinished(proxy.close)
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    await writer.push(eventsAfter(0, ...Array.from({ length: 2_500 }, (_, index) => `${index}`)))
    let pages = 0
    const device = await openDevice({
      url: proxy.url,
      storeId,
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (++pages === 2) {
          await response.clone().arrayBuffer()
          await proxy.close()
        }
        return response
      },
    })
    /** whether LiveStore's leader would have waited inside its mutex */
    const connectedAt: boolean[] = []
    const pull = device.pull(0, {
      onItem: () => Effect.sync(() => void connectedAt.push(device.isConnected())),
    })
    await device.time.until(() => pages === 2 && !device.isConnected())
    expect(pull.seqNums()).toEqual(upTo(2_000))
    expect(pull.items.at(-1)!.pageInfo._tag).toBe('NoMore')
    expect(connectedAt).not.toContain(false)
  })
})

it('delivers every event once and in order, through a network that is cut at any moment', async () => {
  const logs = memoryLogs()
  const { url } = await startServer({ logs })
  type Fault = (proxy: FaultProxy) => void
  const faults: Fault[] = [
    (proxy) => proxy.cut('reset'),
    (proxy) => proxy.cut('end'),
    (proxy) => void (proxy.losesBroadcasts = true),
    (proxy) => void (proxy.losesBroadcasts = false),
    (proxy) => void (proxy.silencesSockets = true),
    (proxy) => void (proxy.silencesSockets = false),
    (proxy) => void (proxy.refusesUpgrades = true),
    (proxy) => void (proxy.refusesUpgrades = false),
    (proxy) => void (proxy.isSilent = true),
    (proxy) => void (proxy.isSilent = false),
  ]
  const move = fc.record({
    append: fc.nat(40),
    fault: fc.nat(faults.length - 1),
    wait: fc.integer({ min: 0, max: 2_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 12 }), async (moves) => {
      const proxy = await startFaultProxy(url)
      const storeId = newStoreId()
      const writer = await openDevice({ url, storeId })
      const device = await openDevice({ url: proxy.url, storeId })
      const pull = device.pull()
      let head = 0
      for (const { append, fault, wait } of moves) {
        await writer.push(eventsAfter(head, ...Array.from({ length: append }, (_, index) => `${index}`)))
        head += append
        faults[fault]!(proxy)
        await device.time.pass(wait)
      }
      proxy.isSilent = proxy.losesBroadcasts = proxy.silencesSockets = proxy.refusesUpgrades = false
      await device.time.until(() => pull.seqNums().length >= head)
      expect(pull.seqNums()).toEqual(upTo(head))
      expect(pull.ended()).toBeUndefined()
      await Promise.all([device.close(), writer.close()])
      await proxy.close()
    }),
    { numRuns: 10 },
  )
})
