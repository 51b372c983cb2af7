/** The platform of a page, a worker, or Node: all of them have the web's globals. */
import { WEB_HASHING } from '@rockpool/protocol'
import { makeListeners } from '../listeners.ts'
import type { Platform, PlatformPage } from './platform.ts'

/** One for the whole page: its listeners live as long as the page. */
const makeWebPage = (): PlatformPage => {
  const changes = makeListeners<void>()
  let isFrozen = false
  const changed = () => changes.emit()
  const setFrozen = (value: boolean) => () => {
    isFrozen = value
    changed()
  }
  // Node has neither a window nor a document.
  if (typeof globalThis.addEventListener === 'function') {
    globalThis.addEventListener('online', changed)
    globalThis.addEventListener('offline', changed)
    globalThis.addEventListener('pagehide', setFrozen(true))
    globalThis.addEventListener('pageshow', setFrozen(false))
    // https://developer.chrome.com/docs/web-platform/page-lifecycle-api
    globalThis.document?.addEventListener('freeze', setFrozen(true))
    globalThis.document?.addEventListener('resume', setFrozen(false))
    globalThis.document?.addEventListener('visibilitychange', changed)
  }
  return {
    isOnline: () => globalThis.navigator?.onLine !== false,
    isVisible: () => globalThis.document?.visibilityState !== 'hidden',
    isFrozen: () => isFrozen,
    subscribe: changes.add,
  }
}

let page: PlatformPage | undefined

export const webPlatform: Platform = {
  newId: () => crypto.randomUUID(),
  random: () => Math.random(),
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer(callback, ms) {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
  },
  hashing: WEB_HASHING,
  locks: {
    request: (name, options, whileHeld) => navigator.locks.request(name, options, whileHeld) as Promise<never>,
  },
  openChannel: (name) => new BroadcastChannel(name),
  get page() {
    return (page ??= makeWebPage())
  },
  warn: (message, ...details) => console.warn(`[rockpool] ${message}`, ...details),
  isPersisted: async () => (await globalThis.navigator?.storage?.persisted?.()) ?? false,
}
