import { DatabaseSync } from 'node:sqlite'
import type { FileEvent } from '@rockpool/sync-server'
import { testClock } from '@rockpool/sync-server/testing'
import { afterEach, expect, it, vi } from 'vitest'
import type { ReadableLogs } from '../../rest/services.ts'
import { RECEIVER_KEY, type Reply, type Received, startReceiver } from '../../testing/webhook-receiver.ts'
import { createAppends } from '../appends.ts'
import { EVENT_TYPES } from '../storage-event.ts'
import { type DeliveryOutcome, startDeliveries } from './deliveries.ts'
import { sqliteHookCursors } from './sqlite-hook-cursors.ts'
import { DEADLINE_MS } from './send.ts'

const NO_CHECKS = { buckets: [], describe: async () => undefined, respond: async () => {} }
const WAIT = { interval: 5, timeout: 20_000 }
const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
})

/** A server whose logs a test appends to. */
const setUp = () => {
  const stores = new Map<string, FileEvent[]>()
  let damaged: string | undefined
  let read = 0
  let buckets: ReadonlySet<string> | undefined
  const logs = {
    storeIds: async () => [...stores.keys()],
    open: async (storeId: string) => {
      if (storeId === damaged) throw new Error('This log is damaged.')
      return readable(storeId)
    },
  } as unknown as ReadableLogs
  const readable = (storeId: string) => ({
    backendId: `log-${storeId}`,
    cursorId: `log-${storeId}`,
    head: async () => stores.get(storeId)!.length,
    readModel: {
      fileEvents: async ({ since, limit = 100 }: { readonly since: number; readonly limit?: number }) => {
        read++
        const events = stores.get(storeId)!.slice(since, since + limit)
        return { events, next: since + events.length, more: since + limit < stores.get(storeId)!.length }
      },
    },
  })
  const [appends, clock, cursors] = [createAppends(), testClock(), sqliteHookCursors(new DatabaseSync(':memory:'))]
  const outcomes: DeliveryOutcome[] = []
  const start = async (...urls: readonly string[]) => {
    const webhooks = urls.map((url) => ({
      url,
      keys: [RECEIVER_KEY],
      events: new Set(EVENT_TYPES),
      buckets,
    }))
    const report = (outcome: DeliveryOutcome) => void outcomes.push(outcome)
    const deliveries = await startDeliveries({
      webhooks,
      logs,
      appends,
      cursors,
      checks: NO_CHECKS,
      clock,
      random: () => 0.5,
      report,
    })
    cleanUp.push(deliveries.stop)
    return deliveries
  }
  const append = (storeId: string, count = 1) => {
    const events = stores.get(storeId) ?? []
    stores.set(storeId, events)
    for (let i = 0; i < count; i++) {
      const seqNum = events.length + 1
      events.push({
        ...{ seqNum, kind: 'added', fileId: `${storeId} ${seqNum}`, bucket: 'files', path: null, sub: 'ada' },
        ...{ remoteKey: `${storeId}/files/a` as never, ownerId: 'ada', at: 0 },
      })
    }
    appends.report(storeId)
  }
  const failures = () => outcomes.filter((outcome) => outcome.kind === 'failed')
  const damage = (storeId?: string) => void (damaged = storeId)
  return {
    start,
    append,
    clock,
    failures,
    damage,
    pages: () => read,
    only: (...names: readonly string[]) => void (buckets = new Set(names)),
  }
}
const receiver = async (reply?: (received: Received) => Reply | undefined | Promise<Reply | undefined>) => {
  const started = await startReceiver(reply)
  cleanUp.push(started.close)
  return started
}
const idsOf = (received: readonly Received[]) => received.map(({ event }) => event.id)
const until = (check: () => void) => vi.waitFor(check, WAIT)

it('sends what happens after its first start, signed, with an id of its own for each event', async () => {
  const { start, append } = setUp()
  const { url, received } = await receiver()
  append('shop', 2)
  await start(url)
  append('shop')
  append('lagoon')
  await until(() => expect(idsOf(received).toSorted()).toEqual(['lagoon 1', 'shop 3']))
  expect(received.every(({ isSigned, id, event }) => isSigned && id === event.cursor)).toBe(true)
})

it('continues after a restart with what was not accepted', async () => {
  const { start, append } = setUp()
  let isDown = true
  const { url, received } = await receiver(({ event }) => ({ status: isDown && event.id === 'shop 2' ? 503 : 200 }))
  const first = await start(url)
  append('shop', 2)
  await until(() => expect(received).toHaveLength(2))
  await first.stop()
  append('shop')
  isDown = false
  await start(url)
  await until(() => expect(idsOf(received)).toEqual(['shop 1', 'shop 2', 'shop 2', 'shop 3']))
})

it('sends an event again until it is accepted, and the next one after it', async () => {
  const { start, append, clock, failures } = setUp()
  const { url, received } = await receiver(({ event }) => ({
    status: event.id === 'shop 1' && received.length < 4 ? 500 : 200,
  }))
  await start(url)
  append('shop', 2)
  for (const attempts of [1, 2, 3]) {
    await until(() => expect(failures()).toHaveLength(attempts))
    clock.advance(failures().at(-1)!.retryAt - clock.now())
  }
  await until(() => expect(received).toHaveLength(5))
  expect(idsOf(received)).toEqual(['shop 1', 'shop 1', 'shop 1', 'shop 1', 'shop 2'])
  expect(failures()).toMatchObject([
    { storeId: 'shop', cursor: 'log-shop.1', attempts: 1, reason: 'status 500', webhook: new URL(url).host },
    { attempts: 2 },
    { attempts: 3 },
  ])
})

it('a receiver that fails stops no other, and no other store', async () => {
  const { start, append } = setUp()
  const broken = await receiver(({ event }) => ({ status: event.store_id === 'shop' ? 500 : 200 }))
  const whole = await receiver()
  await start(broken.url, whole.url)
  append('shop', 3)
  append('lagoon', 3)
  await until(() => {
    expect(idsOf(whole.received).toSorted()).toEqual([1, 2, 3].flatMap((n) => [`lagoon ${n}`, `shop ${n}`]).toSorted())
    expect(idsOf(broken.received).filter((id) => id.startsWith('lagoon'))).toEqual(['lagoon 1', 'lagoon 2', 'lagoon 3'])
  })
  expect(idsOf(broken.received).filter((id) => id.startsWith('shop'))).toEqual(['shop 1'])
})

it('follows no redirect', async () => {
  const { start, append, failures } = setUp()
  const other = await receiver()
  const { url } = await receiver(() => ({ status: 307, headers: { location: other.url } }))
  await start(url)
  append('shop')
  await until(() => expect(failures()).toMatchObject([{ reason: 'status 307: redirects are not followed' }]))
  expect(other.received).toEqual([])
})

it('waits as long as the receiver asks for', async () => {
  const { start, append, clock, failures } = setUp()
  const { url } = await receiver(() => ({ status: 429, headers: { 'retry-after': '60' } }))
  await start(url)
  append('shop')
  await until(() => expect(failures()).toMatchObject([{ retryAt: clock.now() + 60_000 }]))
})

it('ends an attempt at the deadline', async () => {
  const { start, append, clock, failures } = setUp()
  const { url, received } = await receiver(() => undefined)
  await start(url)
  append('shop')
  await until(() => expect(received).toHaveLength(1))
  clock.advance(DEADLINE_MS)
  await until(() => expect(failures()).toMatchObject([{ reason: 'no response within 30 s' }]))
})

it('stops within an attempt, and leaves nothing behind', async () => {
  const { start, append, clock, failures } = setUp()
  const { url, received } = await receiver(() => undefined)
  const deliveries = await start(url)
  append('shop')
  await until(() => expect(received).toHaveLength(1))
  await deliveries.stop()
  expect([clock.timers, failures()]).toEqual([0, []])
})

it('sends all events of several pages in order', async () => {
  const { start, append } = setUp()
  const { url, received } = await receiver()
  await start(url)
  append('shop', 250)
  await until(() => expect(received).toHaveLength(250))
  expect(idsOf(received)).toEqual(Array.from({ length: 250 }, (_, index) => `shop ${index + 1}`))
})

it('starts a webhook that was not configured for a while with the events that come from then on', async () => {
  const { start, append } = setUp()
  const { url, received } = await receiver()
  await (await start(url)).stop()
  await (await start()).stop()
  append('shop')
  await start(url)
  append('shop')
  await until(() => expect(idsOf(received)).toEqual(['shop 2']))
})

it('starts although a log cannot be read, and sends all of its events once it can be', async () => {
  const { start, append, clock, failures, damage } = setUp()
  const { url, received } = await receiver()
  append('shop')
  append('lagoon')
  damage('shop')
  await start(url)
  append('lagoon')
  await until(() => expect(idsOf(received)).toEqual(['lagoon 2']))
  await until(() => expect(failures().length).toBeGreaterThan(1))
  expect(failures()[0]).toMatchObject({ storeId: 'shop', cursor: undefined, reason: 'This log is damaged.' })
  damage()
  await until(() => {
    clock.advance(1_000)
    expect(idsOf(received)).toEqual(['lagoon 2', 'shop 1'])
  })
})

it('lets other work run between pages of events that the webhook does not want', async () => {
  const { start, append, pages, only } = setUp()
  only('other')
  append('shop')
  await (await start('http://127.0.0.1:9/hook')).stop()
  append('shop', 2_000)
  await start('http://127.0.0.1:9/hook')
  const before = pages()
  await new Promise((resolve) => void setImmediate(resolve))
  expect(pages() - before).toBeLessThan(5)
  await vi.waitFor(() => expect(pages()).toBeGreaterThan(19), WAIT)
})
