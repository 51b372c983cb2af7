import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { webPlatform } from './web-platform.ts'

const { page } = webPlatform

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the page', () => {
  /** What the page says in the moment when its listeners hear of a change. */
  const states: { readonly isOnline: boolean; readonly isVisible: boolean; readonly isFrozen: boolean }[] = []
  beforeEach(() => {
    states.length = 0
    const unsubscribe = page.subscribe(() => {
      states.push({ isOnline: page.isOnline(), isVisible: page.isVisible(), isFrozen: page.isFrozen() })
    })
    onTestFinished(() => {
      unsubscribe()
      dispatchEvent(new PageTransitionEvent('pageshow'))
    })
  })

  test('is online, visible and not frozen while it runs', () => {
    expect([page.isOnline(), page.isVisible(), page.isFrozen()]).toEqual([true, true, false])
  })

  test.each<[string, () => EventTarget, Event, Event]>([
    ['the browser freezes it', () => document, new Event('freeze'), new Event('resume')],
    [
      'it goes to the back/forward cache',
      () => globalThis,
      new PageTransitionEvent('pagehide', { persisted: true }),
      new PageTransitionEvent('pageshow', { persisted: true }),
    ],
  ])('is frozen from the event on, when %s, until it comes back', (_, target, freezes, resumes) => {
    target().dispatchEvent(freezes)
    expect(states).toMatchObject([{ isFrozen: true }])
    expect(page.isFrozen()).toBe(true)
    target().dispatchEvent(resumes)
    expect(states).toMatchObject([{ isFrozen: true }, { isFrozen: false }])
  })

  test('is frozen when it is left for good: it has no more time', () => {
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))
    expect(page.isFrozen()).toBe(true)
  })

  test('says when it is hidden and seen again', () => {
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    document.dispatchEvent(new Event('visibilitychange'))
    visibility.mockReturnValue('visible')
    document.dispatchEvent(new Event('visibilitychange'))
    expect(states).toMatchObject([
      { isVisible: false, isFrozen: false },
      { isVisible: true, isFrozen: false },
    ])
  })

  test('says when the network goes and comes', () => {
    const onLine = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    dispatchEvent(new Event('offline'))
    onLine.mockReturnValue(true)
    dispatchEvent(new Event('online'))
    expect(states).toMatchObject([{ isOnline: false }, { isOnline: true }])
  })

  test('is silent to a listener that has unsubscribed, and is the same for everyone', () => {
    const listener = vi.fn<() => void>()
    const unsubscribe = page.subscribe(listener)
    dispatchEvent(new Event('online'))
    unsubscribe()
    dispatchEvent(new Event('online'))
    expect(listener).toHaveBeenCalledOnce()
    expect(webPlatform.page).toBe(page)
  })
})

test('a lock that is stolen is lost to its holder, with an AbortError', async () => {
  const name = webPlatform.newId()
  const held = Promise.withResolvers<void>()
  const forEver = new Promise<never>(() => {})
  const lost = webPlatform.locks
    .request(name, {}, () => {
      held.resolve()
      return forEver
    })
    .catch((error: unknown) => error)
  await held.promise
  const stolen = await webPlatform.locks.request(name, { steal: true }, (lock) => lock !== null)
  expect(stolen).toBe(true)
  expect(await lost).toMatchObject({ name: 'AbortError' })
})

test('a timer that is cancelled does not fire', async () => {
  const { clock } = webPlatform
  const cancelled = vi.fn<() => void>()
  clock.setTimer(cancelled, 0)()
  await new Promise<void>((resolve) => clock.setTimer(resolve, 1))
  expect(cancelled).not.toHaveBeenCalled()
})

test('a channel reaches the others of its name, and not its sender', async () => {
  const name = webPlatform.newId()
  const [one, two] = [webPlatform.openChannel(name), webPlatform.openChannel(name)]
  onTestFinished(() => {
    one.close()
    two.close()
  })
  const heard = Promise.withResolvers<unknown>()
  const own = vi.fn<() => void>()
  one.onmessage = own
  two.onmessage = ({ data }: MessageEvent) => heard.resolve(data)
  one.postMessage('reef')
  expect(await heard.promise).toBe('reef')
  expect(own).not.toHaveBeenCalled()
})
