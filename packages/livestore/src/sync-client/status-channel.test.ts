import { type SyncStatus, syncStatus } from '@rockpool/core'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { OFFLINE_GRACE_MS, publishSyncStatus, watchSyncStatus } from './status-channel.ts'

const CONNECTED = syncStatus('connected', 'Connected.')
const NO_ANSWER = syncStatus('no_answer', 'No response.')
const REFUSED = syncStatus('push_refused', 'You may not.')

let stores = 0
const open = () => {
  const storeId = `status-channel-${stores++}`
  const publisher = publishSyncStatus(storeId)
  onTestFinished(publisher.close)
  const watch = () => {
    const source = watchSyncStatus(storeId)
    onTestFinished(source.close)
    return source
  }
  return { storeId, publisher, watch }
}

// Channels deliver by real tasks, only the grace waits on the fake clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Messages of one channel arrive in order: once the last has come, all have. */
const delivered = async (storeId: string) => {
  const probe = new BroadcastChannel(`rockpool:sync:${storeId}`)
  const echo = new BroadcastChannel(`rockpool:sync:${storeId}`)
  const arrived = new Promise<void>((resolve) => {
    echo.onmessage = ({ data }) => data === 'probe' && resolve()
  })
  probe.postMessage('probe')
  await arrived
  await new Promise<void>((resolve) => void setImmediate(resolve))
  probe.close()
  echo.close()
}

describe('a page', () => {
  it('gets each change, and the same object while nothing changed', async () => {
    const { storeId, publisher, watch } = open()
    const source = watch()
    expect(source.current.reason.code).toBe('connecting')
    const seen: SyncStatus[] = []
    source.subscribe((status) => seen.push(status))
    publisher.publish(CONNECTED)
    publisher.publish(syncStatus('connected', 'Connected.'))
    publisher.publish(REFUSED)
    await delivered(storeId)
    expect(seen).toEqual([CONNECTED, REFUSED])
    expect(source.current).toBe(source.current)
  })

  it('that opens later gets what it missed', async () => {
    const { storeId, publisher, watch } = open()
    publisher.publish(REFUSED)
    const source = watch()
    await delivered(storeId)
    await delivered(storeId)
    expect(source.current).toEqual(REFUSED)
  })

  it('does not report a reconnect of less than 3 s', async () => {
    const { storeId, publisher, watch } = open()
    const source = watch()
    publisher.publish(CONNECTED)
    publisher.publish(NO_ANSWER)
    await delivered(storeId)
    vi.advanceTimersByTime(OFFLINE_GRACE_MS - 1)
    expect(source.current).toEqual(CONNECTED)
    publisher.publish(CONNECTED)
    await delivered(storeId)
    vi.advanceTimersByTime(60_000)
    expect(source.current).toEqual(CONNECTED)
  })

  it('reports an outage after 3 s, with its latest words', async () => {
    const { storeId, publisher, watch } = open()
    const source = watch()
    publisher.publish(NO_ANSWER)
    publisher.publish(syncStatus('no_answer', 'Still no response.'))
    await delivered(storeId)
    vi.advanceTimersByTime(OFFLINE_GRACE_MS)
    expect(source.current.reason.message).toBe('Still no response.')
  })

  it('reports a refusal at once, in an outage too', async () => {
    const { storeId, publisher, watch } = open()
    const source = watch()
    publisher.publish(NO_ANSWER)
    publisher.publish(REFUSED)
    await delivered(storeId)
    expect(source.current).toEqual(REFUSED)
    vi.advanceTimersByTime(60_000)
    expect(source.current).toEqual(REFUSED)
  })

  it('ignores a status that it does not know', async () => {
    const { storeId, watch } = open()
    const source = watch()
    const newer = new BroadcastChannel(`rockpool:sync:${storeId}`)
    onTestFinished(() => newer.close())
    newer.postMessage({ status: { state: 'odd', reason: { code: 'of_next_year', message: 'x' } } })
    newer.postMessage({ status: null })
    await delivered(storeId)
    expect(source.current.reason.code).toBe('connecting')
  })

  it('gets nothing after unsubscribing', async () => {
    const { storeId, publisher, watch } = open()
    const source = watch()
    const seen: SyncStatus[] = []
    source.subscribe((status) => seen.push(status))()
    publisher.publish(REFUSED)
    await delivered(storeId)
    expect(seen).toEqual([])
  })
})

it('wakes the provider when the network of a page is back', async () => {
  const storeId = `status-channel-${stores++}`
  let woken = 0
  const publisher = publishSyncStatus(storeId, () => void woken++)
  onTestFinished(publisher.close)
  // Node has no window: an event target stands in for it.
  const target = new EventTarget()
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  onTestFinished(() => void vi.unstubAllGlobals())
  const source = watchSyncStatus(storeId)
  target.dispatchEvent(new Event('online'))
  await delivered(storeId)
  expect(woken).toBe(1)
  source.close()
  target.dispatchEvent(new Event('online'))
  await delivered(storeId)
  expect(woken).toBe(1)
})
