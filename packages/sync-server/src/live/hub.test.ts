/** The hub with a clock and a log that the test controls. */
import { describe, expect, it } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import type { EventLog } from '../event-log/event-log.ts'
import { testClock } from '../testing/clock.ts'
import { eventsAfter } from '../testing/events.ts'
import { createHub, type Transport } from './hub.ts'

const YEAR = 365 * 24 * 3_600_000

const setUp = async () => {
  const clock = testClock()
  const log = await memoryLogs().open('shop')
  const hub = createHub(clock)
  const append = async (...values: unknown[]) => {
    const since = await log.head()
    const events = eventsAfter(since, ...values)
    await log.append(since, events, { sub: 'ada', at: clock.now() })
    hub.publish('shop', { backendId: log.backendId, since, head: since + events.length, events })
  }
  return { clock, log, hub, append, grant: { storeId: 'shop', since: 0, sub: 'ada', expiresAt: clock.now() + 1_000 } }
}

const transport = () => {
  const messages: { readonly since: number; readonly head: number; readonly events: unknown[] }[] = []
  const closed: number[] = []
  const transport: Transport = {
    send: (message) => void messages.push(JSON.parse(message)),
    close: (code) => void closed.push(code),
    bufferedAmount: 0,
  }
  return { messages, closed, transport }
}

describe('createHub', () => {
  it('closes a subscriber at the end of its token, and stops its timer when it leaves', async () => {
    const { clock, log, hub, grant } = await setUp()
    const [staying, leaving] = [transport(), transport()]
    await hub.subscribe(log, grant, staying.transport)
    const end = await hub.subscribe(log, grant, leaving.transport)
    clock.advance(999)
    end()
    expect([staying.closed, clock.timers]).toEqual([[], 1])
    clock.advance(1)
    expect([staying.closed, leaving.closed, clock.timers]).toEqual([[4401], [], 0])
  })

  it('closes a subscriber whose token lasts longer than a timer can', async () => {
    const { clock, log, hub, grant } = await setUp()
    const { transport: own, closed } = transport()
    await hub.subscribe(log, { ...grant, expiresAt: clock.now() + YEAR }, own)
    clock.advance(YEAR - 1)
    expect(closed).toEqual([])
    clock.advance(1)
    expect(closed).toEqual([4401])
  })

  it('sets no timer for a token without an end', async () => {
    const { clock, log, hub, grant } = await setUp()
    await hub.subscribe(log, { ...grant, expiresAt: Number.POSITIVE_INFINITY }, transport().transport)
    expect(clock.timers).toBe(0)
  })

  it('announces an append that came between the first page and its message', async () => {
    const { log, hub, append, grant } = await setUp()
    await append('a')
    const slowLog: EventLog = {
      ...log,
      read: async (since, limits) => {
        const page = await log.read(since, limits)
        await append('b')
        return page
      },
    }
    const { transport: own, messages } = transport()
    await hub.subscribe(slowLog, grant, own)
    await append('c')
    expect(messages.map(({ since, head, events }) => [since, head, events.length])).toEqual([
      [0, 1, 1],
      [1, 2, 0],
      [2, 3, 1],
    ])
  })

  it('forgets a subscriber whose first page cannot be read', async () => {
    const { clock, log, hub, append, grant } = await setUp()
    const { transport: own, messages } = transport()
    await log.close()
    await expect(hub.subscribe(log, grant, own)).rejects.toMatchObject({ code: 'closed' })
    expect([messages, clock.timers]).toEqual([[], 0])
    await expect(append('a')).rejects.toMatchObject({ code: 'closed' })
  })

  it('reports how long stored events took to the live devices of their store, and nothing without any', async () => {
    const { clock, log, grant } = await setUp()
    const lags: number[] = []
    const hub = createHub(clock, (ms) => lags.push(ms))
    const update = { backendId: log.backendId, since: 0, head: 1, events: [], storedAt: clock.now() }
    hub.publish('shop', update)
    await hub.subscribe(log, { ...grant, expiresAt: Number.POSITIVE_INFINITY }, transport().transport)
    clock.advance(30)
    hub.publish('shop', update)
    hub.publish('shop', { ...update, storedAt: undefined })
    expect(lags).toEqual([30])
  })

  it('closes every subscriber of every store with 1001, also those that come later', async () => {
    const { clock, log, hub, grant } = await setUp()
    const transports = [transport(), transport(), transport()]
    await hub.subscribe(log, grant, transports[0]!.transport)
    await hub.subscribe(log, { ...grant, storeId: 'other' }, transports[1]!.transport)
    hub.close()
    await hub.subscribe(log, grant, transports[2]!.transport)
    expect([transports.map(({ closed }) => closed), clock.timers]).toEqual([[[1001], [1001], [1001]], 0])
  })
})
