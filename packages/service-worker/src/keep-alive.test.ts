import { webPlatform } from '@rockpool/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pingPages, workerKeepAlive, type KeepAliveOptions } from './keep-alive.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const SECOND = 1_000
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const never = () => new AbortController().signal

const setUp = (options: Partial<KeepAliveOptions> = {}) => {
  const ping = vi.fn<() => Promise<unknown>>(async () => {})
  return { ping, keepAlive: workerKeepAlive({ ping, isTerminated: true, platform: webPlatform, ...options }) }
}

/** A body that never ends, and what its reader saw. */
const streamed = (keepAlive: ReturnType<typeof workerKeepAlive>, signal = never()) => {
  const source = new ReadableStream<string>({ start: (controller) => controller.enqueue('first') })
  const seen: string[] = []
  const reading = async () => {
    for await (const text of keepAlive.body(source, { signal, waitUntil: keepAlive.during })) seen.push(text)
    seen.push('a clean end')
  }
  const ended = reading().catch((error: { readonly code?: string }) => void seen.push(error.code ?? String(error)))
  return { seen, ended }
}

test('pings pages every 10 s while work is pending, and only then', async () => {
  const { ping, keepAlive } = setUp()
  await pass(60 * SECOND)
  expect(ping).not.toHaveBeenCalled()
  const work = Promise.withResolvers<void>()
  keepAlive.during(work.promise)
  keepAlive.during(Promise.reject(new Error('failed')))
  await pass(25 * SECOND)
  expect(ping).toHaveBeenCalledTimes(2)
  work.resolve()
  await pass(60 * SECOND)
  expect(ping).toHaveBeenCalledTimes(2)
  keepAlive.during(new Promise(() => {}))
  await pass(10 * SECOND)
  expect(ping).toHaveBeenCalledTimes(3)
})

test('errors streams 50 s after the last event, before Firefox truncates them', async () => {
  const { keepAlive } = setUp({ ping: () => Promise.reject(new Error('no page')) })
  const { seen, ended } = streamed(keepAlive)
  await pass(15 * SECOND)
  keepAlive.onEvent()
  await pass(44 * SECOND)
  expect(seen).toEqual(['first'])
  await pass(1 * SECOND)
  await ended
  expect(seen).toEqual(['first', 'aborted'])
})

test('keeps streams open while pages reply', async () => {
  const { keepAlive } = setUp({ ping: async () => keepAlive.onEvent() })
  const { seen } = streamed(keepAlive)
  await pass(600 * SECOND)
  expect(seen).toEqual(['first'])
})

test('keeps streams open without a reply in a browser that does not terminate pending work', async () => {
  const { ping, keepAlive } = setUp({ isTerminated: false })
  const { seen } = streamed(keepAlive)
  await pass(600 * SECOND)
  expect([seen, ping.mock.calls.length]).toEqual([['first'], 60])
})

test('gives a stream that starts after a timeout its own 50 s', async () => {
  const { keepAlive } = setUp()
  const { ended } = streamed(keepAlive)
  await pass(50 * SECOND)
  await ended
  keepAlive.onEvent()
  const second = streamed(keepAlive)
  await pass(40 * SECOND)
  expect(second.seen).toEqual(['first'])
})

test('errors a stream with the reason of its signal', async () => {
  const { keepAlive } = setUp()
  const controller = new AbortController()
  const { seen, ended } = streamed(keepAlive, controller.signal)
  await pass(1)
  controller.abort(Object.assign(new Error('signed out'), { code: 'forbidden' }))
  await ended
  expect(seen).toEqual(['first', 'forbidden'])
})

/** A body of three chunks, and whether its event is pending. */
const threeChunks = (options: { readonly pass?: (chunk: string) => Promise<void>; readonly end?: 'error' } = {}) => {
  const chunks = ['a', 'b', 'c']
  const source = new ReadableStream<string>({
    pull(controller) {
      const chunk = chunks.shift()
      if (chunk !== undefined) return controller.enqueue(chunk)
      if (options.end === 'error') throw new Error('cut')
      controller.close()
    },
  })
  const event = { isPending: true }
  const waitUntil = (read: Promise<void>) => void read.then(() => (event.isPending = false))
  const body = setUp().keepAlive.body(source, { signal: never(), waitUntil, ...options })
  return { event, reader: body.getReader() }
}

test('ends the event of a body when its reader asks for more than all of it', async () => {
  const { event, reader } = threeChunks()
  for (const expected of ['a', 'b', 'c']) {
    expect((await reader.read()).value).toBe(expected)
    await pass(SECOND)
    expect(event.isPending).toBe(true)
  }
  expect((await reader.read()).done).toBe(true)
  await pass(1)
  expect(event.isPending).toBe(false)
})

test('ends the event of a body whose reader leaves', async () => {
  const { event, reader } = threeChunks()
  await reader.read()
  await reader.cancel()
  expect(event.isPending).toBe(false)
})

test.each<[string, Parameters<typeof threeChunks>[0], number]>([
  ['its source errors', { end: 'error' }, 3],
  [
    'a chunk may not pass',
    { pass: (chunk) => (chunk === 'b' ? Promise.reject(new Error('cut')) : Promise.resolve()) },
    1,
  ],
])('ends the event of a body when %s', async (_, options, passed) => {
  const { event, reader } = threeChunks(options)
  for (let i = 0; i < passed; i++) await reader.read()
  await expect(reader.read()).rejects.toThrow('cut')
  expect(event.isPending).toBe(false)
})

test('pings pages that this worker does not control, too', async () => {
  const page = { postMessage: vi.fn<(message: unknown) => void>() }
  const matchAll = vi.fn<(options: ClientQueryOptions) => Promise<(typeof page)[]>>(async () => [page])
  await pingPages({ matchAll } as never)
  expect(matchAll).toHaveBeenCalledWith({ type: 'window', includeUncontrolled: true })
  expect(page.postMessage).toHaveBeenCalledWith({ type: 'rockpool:ping' })
})
