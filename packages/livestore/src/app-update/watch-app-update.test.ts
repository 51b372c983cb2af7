import { afterEach, expect, it, vi } from 'vitest'
import { type AppUpdate, watchAppUpdate } from './watch-app-update.ts'

const BLOCKED = Symbol.for('rockpool.livestore.blocked')

afterEach(() => {
  delete (globalThis as Record<symbol, unknown>)[BLOCKED]
  vi.useRealTimers()
})

const watch = (storeId: string) => {
  const updates: AppUpdate[] = []
  const first = Promise.withResolvers<void>()
  const stop = watchAppUpdate(storeId, (update) => {
    updates.push(update)
    first.resolve()
  })
  const sender = new BroadcastChannel(`rockpool:app:${storeId}`)
  return {
    updates,
    first: first.promise,
    send: (message: string) => sender.postMessage(message),
    [Symbol.dispose]: () => {
      stop()
      sender.close()
    },
  }
}

it('is "blocking" while a page of another release waits, and "none" once it has opened', async () => {
  using watched = watch('waits')
  watched.send('blocked')
  watched.send('blocked')
  watched.send('unblocked')
  await expect.poll(() => watched.updates).toEqual(['blocking', 'none'])
})

it('is "blocked" in the page that waits', async () => {
  ;(globalThis as Record<symbol, unknown>)[BLOCKED] = new Set(['mine'])
  using watched = watch('mine')
  watched.send('blocked')
  await expect.poll(() => watched.updates).toEqual(['blocked'])
})

it('is "none" 3 s after the last message: the page that waited was closed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  using watched = watch('closed')
  watched.send('blocked')
  await watched.first
  vi.advanceTimersByTime(2_999)
  expect(watched.updates).toEqual(['blocking'])
  vi.advanceTimersByTime(1)
  expect(watched.updates).toEqual(['blocking', 'none'])
})
