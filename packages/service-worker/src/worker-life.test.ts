import { webPlatform } from '@rockpool/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { askPagesForEvent, workerLife, type WorkerLifeOptions } from './worker-life.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const SECOND = 1_000
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const never = () => new AbortController().signal

const setUp = (options: Partial<WorkerLifeOptions> = {}) => {
  const ask = vi.fn<() => Promise<unknown>>(async () => {})
  return { ask, life: workerLife({ ask, isEnded: true, platform: webPlatform, ...options }) }
}

/** A body whose end is far away, and what its reader saw. */
const streamed = (life: ReturnType<typeof workerLife>, signal = never()) => {
  const source = new ReadableStream<string>({ start: (controller) => controller.enqueue('first') })
  const seen: string[] = []
  const reading = async () => {
    for await (const text of life.endsWith(source, signal)) seen.push(text)
    seen.push('a clean end')
  }
  const ended = reading().catch((error: { readonly code?: string }) => void seen.push(error.code ?? String(error)))
  return { seen, ended }
}

test('asks every 10 s while there is work, and never without', async () => {
  const { ask, life } = setUp()
  await pass(60 * SECOND)
  expect(ask).not.toHaveBeenCalled()
  const work = Promise.withResolvers<void>()
  life.during(work.promise)
  life.during(Promise.reject(new Error('failed')))
  await pass(25 * SECOND)
  expect(ask).toHaveBeenCalledTimes(2)
  work.resolve()
  await pass(60 * SECOND)
  expect(ask).toHaveBeenCalledTimes(2)
  life.during(new Promise(() => {}))
  await pass(10 * SECOND)
  expect(ask).toHaveBeenCalledTimes(3)
})

test('ends streams in an error 50 s after the last event, 10 s before Firefox would end them as if they were whole', async () => {
  const { life } = setUp({ ask: () => Promise.reject(new Error('no page can be asked')) })
  const { seen, ended } = streamed(life)
  await pass(15 * SECOND)
  life.renew()
  await pass(44 * SECOND)
  expect(seen).toEqual(['first'])
  await pass(1 * SECOND)
  await ended
  expect(seen).toEqual(['first', 'aborted'])
})

test('streams for as long as pages answer', async () => {
  const { life } = setUp({ ask: async () => life.renew() })
  const { seen } = streamed(life)
  await pass(600 * SECOND)
  expect(seen).toEqual(['first'])
})

test('streams on without an event where the browser ends no worker at work', async () => {
  const { ask, life } = setUp({ isEnded: false })
  const { seen } = streamed(life)
  await pass(600 * SECOND)
  expect([seen, ask.mock.calls.length]).toEqual([['first'], 60])
})

test('a stream that begins after others were ended has its own time', async () => {
  const { life } = setUp()
  const { ended } = streamed(life)
  await pass(50 * SECOND)
  await ended
  life.renew()
  const second = streamed(life)
  await pass(40 * SECOND)
  expect(second.seen).toEqual(['first'])
})

test('a stream ends when the signal of its reader aborts', async () => {
  const { life } = setUp()
  const controller = new AbortController()
  const { seen, ended } = streamed(life, controller.signal)
  await pass(1)
  controller.abort(Object.assign(new Error('signed out'), { code: 'forbidden' }))
  await ended
  expect(seen).toEqual(['first', 'forbidden'])
})

test('pages are asked whether or not this worker controls them', async () => {
  const page = { postMessage: vi.fn<(message: unknown) => void>() }
  const matchAll = vi.fn<(options: ClientQueryOptions) => Promise<(typeof page)[]>>(async () => [page])
  await askPagesForEvent({ matchAll } as never)
  expect(matchAll).toHaveBeenCalledWith({ type: 'window', includeUncontrolled: true })
  expect(page.postMessage).toHaveBeenCalledWith({ type: 'rockpool:stay' })
})
