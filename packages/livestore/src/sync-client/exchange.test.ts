/** The provider with a real server and no faults. */
import { Effect } from 'effect'
import { beforeEach, describe, expect, it } from 'vitest'
import { commitIds, randomPart } from '../../../livestore-plugin/src/commit-id.ts'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import { eventsAfter, markLeader, newStoreId, openDevice, startServer, upTo } from '../testing/sync-device.ts'

beforeEach(() => void markLeader())

const texts = (count: number, text = 'x') => Array.from({ length: count }, (_, index) => `${text}${index}`)

describe('two devices', () => {
  it('get each other’s events through the socket, without polling', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    const storeId = newStoreId()
    const a = await openDevice({ url: proxy.url, storeId })
    const b = await openDevice({ url, storeId })
    const pull = a.pull()
    await a.time.until(() => proxy.sockets === 1 && pull.items.length === 1)
    b.pull()
    await b.time.until(() => b.isConnected())
    expect((await b.push(eventsAfter(0, 'one', 'two'))).tag).toBe('taken')
    const took = await a.time.until(() => pull.seqNums().length === 2)
    expect(took).toBeLessThan(2_000)
    expect(pull.events()).toEqual(eventsAfter(0, 'one', 'two'))
    await proxy.close()
  })

  it('get the events of the other one before the push fails, when both pushed', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    proxy.refusesUpgrades = true
    const storeId = newStoreId()
    const a = await openDevice({ url: proxy.url, storeId })
    const b = await openDevice({ url, storeId })
    const pull = a.pull()
    await a.time.until(() => pull.items.length === 1)
    await b.push(eventsAfter(0, 'of b', 'of b'))
    const { tag, error } = await a.push(eventsAfter(0, 'of a'))
    await new Promise<void>((resolve) => void setImmediate(resolve))
    expect(tag).toBe('ServerAheadError')
    expect(error).toMatchObject({ minimumExpectedNum: 3, providedNum: 1 })
    expect(pull.events()).toEqual(eventsAfter(0, 'of b', 'of b'))
    expect((await a.push(eventsAfter(2, 'of a'))).tag).toBe('taken')
    await a.time.until(() => pull.seqNums().length >= 3)
    expect(pull.seqNums()).toEqual([1, 2, 3])
    await proxy.close()
  })
})

describe('a push', () => {
  it('comes back as a pull item without another request', async () => {
    const { url } = await startServer()
    const proxy = await startFaultProxy(url)
    proxy.refusesUpgrades = true
    const requests: string[] = []
    const device = await openDevice({
      url: proxy.url,
      storeId: newStoreId(),
      fetch: (input, init) => {
        requests.push(init?.method ?? 'GET')
        return fetch(input, init)
      },
    })
    const pull = device.pull()
    await device.time.until(() => pull.items.length === 1)
    requests.length = 0
    await device.push(eventsAfter(0, 'one'))
    await new Promise<void>((resolve) => void setImmediate(resolve))
    expect(pull.seqNums()).toEqual([1])
    expect(requests).toEqual(['POST'])
    await proxy.close()
  })

  it('of 2,500 events arrives whole and in order', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const a = await openDevice({ url, storeId })
    const pull = a.pull()
    await a.time.until(() => a.isConnected())
    expect((await a.push(eventsAfter(0, ...texts(2_500)))).tag).toBe('taken')
    await a.time.until(() => pull.seqNums().length === 2_500)
    const b = await openDevice({ url, storeId })
    const other = b.pull()
    await b.time.until(() => other.seqNums().length >= 2_500)
    expect(other.events()).toEqual(eventsAfter(0, ...texts(2_500)))
  })

  it.each([
    ['with an id of its own', commitIds('tab', randomPart)(), true],
    ['of a client without the plugin', 'tab', false],
  ])('of a commit %s: may get other numbers: %s', async (_, sessionId, mayRenumber) => {
    const { url } = await startServer()
    const bodies: unknown[] = []
    const device = await openDevice({
      url,
      storeId: newStoreId(),
      fetch: (input, init) => {
        if (init?.method === 'POST') bodies.push(JSON.parse(String(init.body)))
        return fetch(input, init)
      },
    })
    await device.push([{ ...eventsAfter(0, 'one')[0]!, sessionId }])
    expect(bodies).toMatchObject([{ mayRenumber }])
  })

  it('that another device overtook is taken, and both devices have the events in the same order', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const [a, b] = [await openDevice({ url, storeId }), await openDevice({ url, storeId })]
    const pulls = [a.pull(), b.pull()]
    const made = (text: string) => [{ ...eventsAfter(0, text)[0]!, sessionId: `tab#${text}.0` }]
    expect(await Promise.all([a.push(made('one')), b.push(made('two'))])).toMatchObject([
      { tag: 'taken' },
      { tag: 'taken' },
    ])
    for (const pull of pulls) await a.time.until(() => pull.seqNums().length === 2)
    expect(pulls[0]!.events()).toEqual(pulls[1]!.events())
    expect(pulls[0]!.events().map(({ args }) => args)).toEqual(
      expect.arrayContaining([...made('one'), ...made('two')].map(({ args }) => args)),
    )
  })

  it('of nothing is taken', async () => {
    const { url } = await startServer()
    const device = await openDevice({ url, storeId: newStoreId() })
    expect((await device.push([])).tag).toBe('taken')
  })
})

describe('a pull', () => {
  it('says that more follows only while it has the next page in hand', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    await writer.push(eventsAfter(0, ...texts(2_500)))
    const device = await openDevice({ url, storeId })
    const pull = device.pull()
    await device.time.until(() => pull.seqNums().length === 2_500)
    expect(pull.items.map(({ batch, pageInfo }) => [batch.length, pageInfo])).toEqual([
      [1_000, { _tag: 'MoreKnown', remaining: 1_500 }],
      [1_000, { _tag: 'MoreKnown', remaining: 500 }],
      [500, { _tag: 'NoMore' }],
    ])
  })

  it('begins after the cursor', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    await writer.push(eventsAfter(0, 'one', 'two', 'three'))
    const device = await openDevice({ url, storeId })
    const pull = device.pull(2)
    await device.time.until(() => pull.items.length === 1)
    expect(pull.seqNums()).toEqual([3])
  })

  it('that takes the place of another begins after its own cursor', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId })
    const first = device.pull()
    await device.push(eventsAfter(0, 'one', 'two'))
    await device.time.until(() => first.seqNums().length === 2)
    await first.stop()
    const second = device.pull(1)
    await device.time.until(() => second.items.length === 1)
    expect(second.seqNums()).toEqual([2])
    await device.push(eventsAfter(2, 'three'))
    await device.time.until(() => second.seqNums().length === 2)
    expect(first.seqNums()).toEqual([1, 2])
  })

  it('that is not live ends when it has everything', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const device = await openDevice({ url, storeId })
    await device.push(eventsAfter(0, ...texts(1_500)))
    const pull = device.pull(0, { live: false })
    await device.time.until(() => pull.ended() !== undefined)
    expect(pull.seqNums()).toEqual(upTo(1_500))
  })

  it('gets an append that is too large for the socket', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const a = await openDevice({ url, storeId })
    const b = await openDevice({ url, storeId })
    const pull = a.pull()
    await a.time.until(() => pull.items.length === 1)
    const large = Array.from({ length: 4 }, (_, index) => `${index}`.repeat(30_000))
    await b.push(eventsAfter(0, ...large))
    await a.time.until(() => pull.seqNums().length === 4)
    expect(pull.events()).toEqual(eventsAfter(0, ...large))
  })

  it('hands over one item at a time, in the pace of LiveStore', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    await writer.push(eventsAfter(0, ...texts(3_500)))
    const device = await openDevice({ url, storeId })
    const gate = Effect.unsafeMakeLatch(false)
    const pull = device.pull(0, { onItem: () => gate.await })
    await device.time.pass(5_000)
    expect(pull.items).toEqual([])
    Effect.runSync(gate.open)
    await device.time.until(() => pull.seqNums().length === 3_500)
    expect(pull.items.map(({ batch }) => batch.length)).toEqual([1_000, 1_000, 1_000, 500])
    expect(pull.seqNums()).toEqual(upTo(3_500))
  })

  it('hands over as one item what came while LiveStore was busy', async () => {
    const { url } = await startServer()
    const storeId = newStoreId()
    const writer = await openDevice({ url, storeId })
    const device = await openDevice({ url, storeId })
    const gate = Effect.unsafeMakeLatch(true)
    const pull = device.pull(0, { onItem: () => gate.await })
    await device.time.until(() => pull.items.length === 1)
    Effect.runSync(gate.close)
    for (let head = 0; head < 10; head++) await writer.push(eventsAfter(head, 'x'))
    await device.time.pass(6_000)
    Effect.runSync(gate.open)
    await device.time.until(() => pull.seqNums().length === 10)
    // The first one, which LiveStore had already, and the rest.
    expect(pull.items.slice(1).map(({ batch }) => batch.length)).toEqual([1, 9])
  })
})
