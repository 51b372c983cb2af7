/**
 * Broadcasts the sync status from the thread that syncs to every tab and worker of this origin. LiveStore's worker of one tab
 * has the connection; a page that opens later requests the current status.
 */
import {
  makeListeners,
  type Refusal,
  sameSyncStatus,
  SYNC_REASONS,
  type SyncStatus,
  syncStatus,
  type SyncStatusSource,
} from '@rockpool/core'
import { onWakeUp } from './network.ts'
import type { RefusedEvent } from './push-refused-error.ts'

/** `ask` requests the status. `wake`: a page became visible, or the network is back */
type Message = 'ask' | 'wake' | { readonly status: SyncStatus } | { readonly refusals: readonly Refusal[] }

/** A reconnect takes up to 2.7 s (measured): a shorter outage is not reported, ms. */
export const OFFLINE_GRACE_MS = 3_000

const openChannel = (storeId: string): BroadcastChannel => {
  const channel = new BroadcastChannel(`rockpool:sync:${storeId}`)
  // In Node a channel keeps the process running.
  ;(channel as BroadcastChannel & { unref?: () => void }).unref?.()
  return channel
}

export interface SyncStatusPublisher {
  readonly publish: (status: SyncStatus) => void
  readonly publishRefusals: (refusals: readonly Refusal[]) => void
  readonly close: () => void
}

/** The side of the provider. @param onWake a page asks for a request to the server now */
export const publishSyncStatus = (storeId: string, onWake: () => void = () => {}): SyncStatusPublisher => {
  const channel = openChannel(storeId)
  let current: SyncStatus | undefined
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'ask' && current !== undefined) channel.postMessage({ status: current } satisfies Message)
    if (data === 'wake') onWake()
  }
  return {
    publish: (status) => {
      current = status
      channel.postMessage({ status } satisfies Message)
    },
    publishRefusals: (refusals) => {
      if (refusals.length > 0) channel.postMessage({ refusals } satisfies Message)
    },
    close: () => channel.close(),
  }
}

/** Those of Rockpool's events: their args have an opId. */
export const refusalsOf = (refused: readonly RefusedEvent[]): readonly Refusal[] =>
  refused.flatMap(({ event, ...why }) => {
    const opId = (event.args as { readonly opId?: unknown } | null | undefined)?.opId
    return typeof opId === 'string' ? [{ ...why, opId }] : []
  })

export interface WatchedSyncStatus extends SyncStatusSource {
  /** Calls `listener` with refusals as they come. @returns unsubscribe */
  readonly refusals: (listener: (refusal: Refusal) => void) => () => void
  /** The store of this page has stopped: the status is `store_stopped` from now on. */
  readonly stop: () => void
  readonly close: () => void
}

const STORE_STOPPED =
  'The local store of this page has stopped, after an update of the app or an error. Reload this page: what you added is kept.'

/** Messages of an older or newer version of the app may have another shape. */
const statusIn = (data: unknown): SyncStatus | undefined => {
  const { status } = (typeof data === 'object' && data !== null ? data : {}) as { status?: SyncStatus }
  const code = status?.reason?.code
  return code !== undefined && Object.hasOwn(SYNC_REASONS, code)
    ? syncStatus(code, String(status?.reason.message))
    : undefined
}

const refusalsIn = (data: unknown): readonly Refusal[] => {
  const { refusals } = (typeof data === 'object' && data !== null ? data : {}) as { refusals?: readonly Refusal[] }
  return Array.isArray(refusals) ? refusals : []
}

/** The side of the page. `connecting` until the provider publishes a status. */
export const watchSyncStatus = (storeId: string): WatchedSyncStatus => {
  const channel = openChannel(storeId)
  const listeners = makeListeners<SyncStatus>()
  const refusalListeners = makeListeners<Refusal>()
  let current = syncStatus('connecting', 'Connecting to the sync server.')
  let outage: { status: SyncStatus; readonly timer: ReturnType<typeof setTimeout> } | undefined

  const set = (status: SyncStatus) => {
    clearTimeout(outage?.timer)
    outage = undefined
    if (sameSyncStatus(current, status)) return
    current = status
    listeners.emit(status)
  }
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    for (const refusal of refusalsIn(data)) refusalListeners.emit(refusal)
    const status = statusIn(data)
    if (status === undefined) return
    if (status.state !== 'offline' || current.state !== 'online') set(status)
    else if (outage) outage.status = status
    else {
      const started = { status, timer: setTimeout(() => set(started.status), OFFLINE_GRACE_MS) }
      outage = started
    }
  }
  channel.postMessage('ask' satisfies Message)
  const stopWaking = onWakeUp(() => channel.postMessage('wake' satisfies Message))
  const close = () => {
    clearTimeout(outage?.timer)
    stopWaking()
    channel.close()
  }
  return {
    get current() {
      return current
    },
    subscribe: listeners.add,
    refusals: refusalListeners.add,
    stop: () => {
      close()
      set(syncStatus('store_stopped', STORE_STOPPED))
    },
    close,
  }
}
