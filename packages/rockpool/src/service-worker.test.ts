import { afterEach, expect, test, vi } from 'vitest'
import { replyToWorker, controlledBy } from './service-worker.ts'

// Node has no service workers: this is a browser whose worker is active and does not take the page.
const worker = { postMessage: vi.fn<(message: unknown) => void>() }
let registration: Promise<unknown> = Promise.resolve({ active: worker })
vi.mock('workbox-window', () => ({
  Workbox: class {
    register = () => registration
  },
}))

afterEach(() => {
  registration = Promise.resolve({ active: worker })
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const page = (controller: object | null = null) => {
  const container = Object.assign(new EventTarget(), { controller })
  vi.stubGlobal('navigator', { serviceWorker: container })
  return container
}

test('a worker that does not take the page does not keep the pool shut', async () => {
  vi.useFakeTimers()
  page()
  let opened = false
  void controlledBy('/service-worker.js').then(() => (opened = true))
  await vi.advanceTimersByTimeAsync(9_999)
  expect(worker.postMessage).toHaveBeenCalledWith({ type: 'rockpool:claim' })
  expect(opened).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(opened).toBe(true)
})

test('a worker that takes the page is not waited for any longer', async () => {
  vi.useFakeTimers()
  const container = page()
  const waiting = controlledBy('/service-worker.js')
  await vi.advanceTimersByTimeAsync(0)
  container.dispatchEvent(new Event('controllerchange'))
  await waiting
})

test('a page that a worker controls opens while the network hangs', async () => {
  registration = new Promise(() => {})
  page(worker)
  await controlledBy('/service-worker.js')
})

test('a page without a worker opens after 10 s while the network hangs', async () => {
  vi.useFakeTimers()
  registration = new Promise(() => {})
  page()
  let opened = false
  void controlledBy('/service-worker.js').then(() => (opened = true))
  await vi.advanceTimersByTimeAsync(9_999)
  expect(opened).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(opened).toBe(true)
})

test('a page replies to pings of the worker until its pool is closed', () => {
  const container = page(worker)
  const stop = replyToWorker('reef', { token: async () => 'token', close: () => {} } as never)
  const source = { postMessage: vi.fn<(message: unknown) => void>() }
  const asked = (type: string) => Object.assign(new Event('message'), { data: { type }, ports: [], source })
  container.dispatchEvent(asked('rockpool:ping'))
  container.dispatchEvent(asked('rockpool:other'))
  stop()
  container.dispatchEvent(asked('rockpool:ping'))
  expect(source.postMessage.mock.calls).toEqual([[{ type: 'rockpool:pong' }]])
})
