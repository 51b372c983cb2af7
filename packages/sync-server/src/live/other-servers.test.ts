import { expect, it } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import { eventsAfter } from '../testing/events.ts'
import type { LiveUpdate } from './message.ts'
import { publishOtherServers } from './other-servers.ts'

/** A log that another server appends to, and a hub with subscribers of the store `shop`. */
const setUp = async () => {
  const logs = memoryLogs()
  const log = await logs.open('shop')
  const updates: Omit<LiveUpdate, 'backendId'>[] = []
  const errors: unknown[] = []
  const reported: string[] = []
  let published = Promise.withResolvers<void>()
  const watcher = publishOtherServers({
    logs,
    hub: {
      storeIds: () => ['shop'],
      hasSubscribers: (storeId) => storeId === 'shop',
      publish: (_, { since, head, events }) => {
        updates.push({ since, head, events: events.map(({ seqNum }) => ({ seqNum }) as never) })
        published.resolve()
        published = Promise.withResolvers()
      },
    },
    onAppend: (storeId) => reported.push(storeId),
    onError: (error) => {
      errors.push(error)
      published.resolve()
    },
  })
  const append = async (...values: unknown[]) => {
    const head = await log.head()
    await log.append(head, eventsAfter(head, ...values), { sub: 'ada', at: 1 })
    return head
  }
  return { logs, watcher, append, updates, errors, reported, next: () => published.promise }
}

it('publishes the events of an append that was reported', async () => {
  const { watcher, append, updates, next } = await setUp()
  await append('a')
  watcher.appended('shop', await append('b', 'c'))
  await next()
  expect(updates).toEqual([{ since: 1, head: 3, events: [{ seqNum: 2 }, { seqNum: 3 }] }])
})

it('reads appends that are reported together once, from the first of them on', async () => {
  const { watcher, append, updates, next } = await setUp()
  const [first, second, third] = [await append('a'), await append('b'), await append('c')]
  watcher.appended('shop', first)
  watcher.appended('shop', third)
  watcher.appended('shop', second)
  await next()
  await next()
  expect(updates).toEqual([
    { since: 0, head: 3, events: [{ seqNum: 1 }, { seqNum: 2 }, { seqNum: 3 }] },
    { since: 1, head: 3, events: [{ seqNum: 2 }, { seqNum: 3 }] },
  ])
})

it('reads nothing for stores without subscribers', async () => {
  const { logs, watcher, updates, errors } = await setUp()
  // Would fail to open.
  await logs.close()
  watcher.appended('club', 0)
  await Promise.resolve()
  expect([updates, errors]).toEqual([[], []])
})

it('publishes the head of each store with subscribers when reports may have been lost', async () => {
  const { watcher, append, updates, next } = await setUp()
  await append('a', 'b')
  watcher.resumed()
  await next()
  expect(updates).toEqual([{ since: 2, head: 2, events: [] }])
})

it('reports an error of the log, and reads again at the next append', async () => {
  const { logs, watcher, errors, next } = await setUp()
  await logs.close()
  watcher.appended('shop', 0)
  await next()
  watcher.appended('shop', 0)
  await expect.poll(() => errors).toMatchObject([{ code: 'closed' }, { code: 'closed' }])
})

it('reports each append, and every store when reports may have been lost', async () => {
  const { logs, watcher, reported } = await setUp()
  await logs.open('club')
  watcher.appended('club', 0)
  expect(reported).toEqual(['club'])
  watcher.resumed()
  await expect.poll(() => reported).toEqual(['club', 'shop', 'club'])
})
