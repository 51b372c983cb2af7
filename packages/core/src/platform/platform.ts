/** What the engine needs of the machine it runs on, beside its four ports. Everything else in core touches no global. */
import type { Hashing } from '@rockpool/protocol'

/** Cancels a timer that has not fired. */
export type CancelTimer = () => void

export interface PlatformClock {
  /** unix ms. A person or the network may set it, forwards or back */
  now(): number
  /** ms since some moment in the past; never goes back */
  monotonic(): number
  /** Calls `callback` once after `ms`, unless it is cancelled. */
  setTimer(callback: () => void, ms: number): CancelTimer
}

/** As `LockManager.request` of the Web Locks API: among all tabs and workers of an origin. */
export interface PlatformLocks {
  request<A>(name: string, options: LockOptions, whileHeld: (lock: unknown) => A | Promise<A>): Promise<A>
}

/** Reaches the other tabs and the service worker, not its sender. */
export type PlatformChannel = Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>

export interface PlatformPage {
  /** What the platform believes of the network. A hint: VPNs and firewalls make it wrong in both directions. */
  isOnline(): boolean
  /** A person sees the page. */
  isVisible(): boolean
  /** The page is in the back/forward cache or stopped by the browser, or about to be: its timers and promises stand still. */
  isFrozen(): boolean
  /** Calls `listener` after any of these changed. @returns unsubscribe */
  subscribe(listener: () => void): () => void
}

export interface Platform {
  /** @returns a random id, a UUID */
  readonly newId: () => string
  /** @returns a random number from 0 (inclusive) to 1 (exclusive) */
  readonly random: () => number
  readonly clock: PlatformClock
  /** how content is cut into parts and hashed: the same for all devices, servers and blob stores of a store */
  readonly hashing: Hashing
  readonly locks: PlatformLocks
  readonly openChannel: (name: string) => PlatformChannel
  readonly page: PlatformPage
  /** Says something to the developer, as `console.warn` does. */
  readonly warn: (message: string, ...details: readonly unknown[]) => void
  /** Whether the browser promised not to evict this origin's storage. */
  readonly isPersisted: () => Promise<boolean>
}
