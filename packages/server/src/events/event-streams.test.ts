import type { FileEvent } from '@rockpool/sync-server'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { createAppends } from './appends.ts'
import { createEventStreams, HEARTBEAT_MS, MAX_STREAMS, SLOW_READER_MS } from './event-streams.ts'

const eventOf = (seqNum: number, ownerId = 'ada'): FileEvent => ({
  ...{ seqNum, kind: 'added', fileId: `f${seqNum}`, bucket: 'files', path: null, remoteKey: 'shop/files/a' as never },
  ...{ ownerId, sub: ownerId, at: 0 },
})

/** A store whose log a test appends to. */
const setUp = (more: { readonly expiresInMs?: number } = {}) => {
  const events: FileEvent[] = []
  const [appends, clock] = [createAppends(), testClock()]
  const seen = { watchers: 0, pages: 0 }
  const errors: unknown[] = []
  const streams = createEventStreams({
    appends: {
      watch: (storeId, listener) => {
        seen.watchers++
        const stop = appends.watch(storeId, listener)
        return () => {
          seen.watchers--
          stop()
        }
      },
    },
    ...{ clock, onError: (error) => errors.push(error) },
  })
  const fileEvents = async ({ since, limit = 100 }: { readonly since: number; readonly limit?: number }) => {
    seen.pages++
    const found = events.filter(({ seqNum }) => seqNum > since)
    const page = found.slice(0, limit)
    return { events: page, next: page.at(-1)?.seqNum ?? since, more: found.length > page.length }
  }
  const open = (since = 0, sub = 'ada') => {
    const { body } = streams.open({
      ...{ storeId: 'shop', sub, log: { cursorId: 'log', readModel: { fileEvents } }, since },
      ...{ isReadable: ({ ownerId }) => ownerId === 'ada', expiresAt: clock.now() + (more.expiresInMs ?? 1e9) },
    })
    const reader = body!.getReader()
    return {
      cancel: () => reader.cancel(),
      /** the next chunk; undefined at the end */
      read: async () => {
        const { done, value } = await reader.read()
        return done ? undefined : new TextDecoder().decode(value)
      },
    }
  }
  const append = (...added: readonly FileEvent[]) => {
    events.push(...added)
    appends.report('shop')
  }
  return { streams, open, append, clock, errors, seen }
}

/** Runs what waits for no timer. */
const settle = () => new Promise((resolve) => void setImmediate(resolve))

const idsOf = (chunk: string | undefined) => [...(chunk ?? '').matchAll(/^data: .*"id":"(\w+)"/gm)].map(([, id]) => id)

it('begins with its position, then has events with a cursor each, in order', async () => {
  const { open, append } = setUp()
  append(eventOf(1), eventOf(2))
  const stream = open()
  expect(await stream.read()).toBe('retry: 5000\nid: log.0\n\n')
  const chunk = await stream.read()
  expect(chunk).toMatch(/^id: log\.1\ndata: \{.*\}\n\nid: log\.2\ndata: \{.*\}\n\n$/)
  expect(JSON.parse(/data: (.*)/.exec(chunk!)![1]!)).toEqual({
    type: 'storage.object.created',
    id: 'f1',
    store_id: 'shop',
    bucket: 'files',
    path: 'f1',
    owner_id: 'ada',
    timestamp: '1970-01-01T00:00:00.000Z',
    cursor: 'log.1',
  })
})

it('continues after a cursor, and has only events that the caller may read', async () => {
  const { open, append } = setUp()
  append(eventOf(1), eventOf(2, 'bob'), eventOf(3))
  const stream = open(1)
  expect(await stream.read()).toContain('id: log.1\n')
  expect(idsOf(await stream.read())).toEqual(['f3'])
})

it('has an event as soon as it is appended, also one that comes while a page is read', async () => {
  const { open, append } = setUp()
  const stream = open()
  await stream.read()
  const next = stream.read()
  append(eventOf(1))
  expect(idsOf(await next)).toEqual(['f1'])
  const later = stream.read()
  await settle()
  append(eventOf(2))
  expect(idsOf(await later)).toEqual(['f2'])
})

it('has all events of several pages', async () => {
  const { open, append } = setUp()
  append(...Array.from({ length: 450 }, (_, index) => eventOf(index + 1)))
  const stream = open()
  await stream.read()
  const chunks = [await stream.read(), await stream.read(), await stream.read()]
  expect(chunks.flatMap(idsOf)).toEqual(Array.from({ length: 450 }, (_, index) => `f${index + 1}`))
})

it('sends its position as a heartbeat, past events that the caller may not read', async () => {
  const { open, append, clock } = setUp()
  const stream = open()
  await stream.read()
  const next = stream.read()
  append(eventOf(1, 'bob'))
  await settle()
  clock.advance(HEARTBEAT_MS)
  expect(await next).toBe('id: log.1\n\n')
})

it('closes a reader that takes nothing, and keeps no timer of it', async () => {
  const { open, append, clock, errors } = setUp()
  const stream = open()
  await stream.read()
  append(eventOf(1))
  await settle()
  clock.advance(SLOW_READER_MS)
  await expect(stream.read()).rejects.toThrow('too slow')
  await settle()
  expect([clock.timers, errors]).toEqual([0, []])
})

it('ends when the token does', async () => {
  const { open, clock } = setUp({ expiresInMs: 1_000 })
  const stream = open()
  await stream.read()
  const end = stream.read()
  await settle()
  clock.advance(1_000)
  expect(await end).toBeUndefined()
})

it('ends when the server drains; later streams end at their start', async () => {
  const { streams, open, clock } = setUp()
  const stream = open()
  await stream.read()
  const end = stream.read()
  await settle()
  streams.close()
  expect(await end).toBeUndefined()
  const late = open()
  expect([await late.read(), await late.read()]).toEqual(['retry: 5000\nid: log.0\n\n', undefined])
  expect(clock.timers).toBe(0)
})

it('lets other work run between pages of events that the caller may not read', async () => {
  const { open, append, seen } = setUp()
  append(...Array.from({ length: 2_000 }, (_, index) => eventOf(index + 1, 'bob')))
  const stream = open()
  await stream.read()
  void stream.read()
  await settle()
  expect(seen.pages).toBeLessThan(5)
  await expect.poll(() => seen.pages).toBe(10)
})

it('watches the store no longer when its reader is too slow, or left while a chunk waited', async () => {
  const { open, append, clock, seen } = setUp()
  append(eventOf(1))
  const slow = open()
  await slow.read()
  const leaving = open()
  await leaving.read()
  expect(seen.watchers).toBe(2)
  await leaving.cancel()
  await settle()
  expect(seen.watchers).toBe(1)
  clock.advance(SLOW_READER_MS)
  await settle()
  expect(seen.watchers).toBe(0)
})

it('leaves no timer and no error behind when its reader goes away', async () => {
  const { open, clock, errors } = setUp()
  const stream = open()
  await stream.read()
  void stream.read()
  await settle()
  expect(clock.timers).toBe(1)
  await stream.cancel()
  await settle()
  expect([clock.timers, errors]).toEqual([0, []])
})

it('limits the streams of one user, until one of them ends', async () => {
  const { open } = setUp()
  const first = open()
  for (let n = 1; n < MAX_STREAMS; n++) open()
  const refusal = expect.objectContaining({ code: 'rate_limited', retryAfterMs: 5_000 })
  expect(() => open()).toThrow(refusal)
  await open(0, 'bob').cancel()
  await first.cancel()
  await first.cancel()
  open()
  expect(() => open()).toThrow(refusal)
})
