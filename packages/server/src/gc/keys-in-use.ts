/** Keeps the collector off content that a call of this process is about to name, and whose bytes no device has. */

export interface KeysInUse {
  /**
   * Waits until no delete of the key is under way. Until `release` none begins, nor later by a log that was read before.
   *
   * @returns release
   */
  use(key: string): Promise<() => void>
  /** The moment when a log is about to be read. */
  now(): number
  /** Runs `remove` unless the key is in use, or was after `readAt`. @returns whether it ran */
  unlessUsed(key: string, readAt: number, remove: () => Promise<void>): Promise<boolean>
}

/** The collector acts on no log that it read longer ago; this is many times as long (ms). */
const REMEMBERED_MS = 60 * 60_000

/** @param now ms of a clock that never goes back */
export const createKeysInUse = (now: () => number = () => performance.now()): KeysInUse => {
  const users = new Map<string, number>()
  /** key to the moment of its last release, the oldest first */
  const released = new Map<string, number>()
  const deleting = new Map<string, Promise<void>>()

  const release = (key: string) => {
    const left = users.get(key)! - 1
    if (left > 0) users.set(key, left)
    else users.delete(key)
    released.delete(key)
    released.set(key, now())
    for (const [oldest, at] of released) {
      if (now() - at < REMEMBERED_MS) break
      released.delete(oldest)
    }
  }

  return {
    async use(key) {
      users.set(key, (users.get(key) ?? 0) + 1)
      await deleting.get(key)
      let isReleased = false
      return () => {
        if (!isReleased) release(key)
        isReleased = true
      }
    },
    now,
    async unlessUsed(key, readAt, remove) {
      if (users.has(key) || (released.get(key) ?? -Infinity) >= readAt) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      deleting.set(key, promise)
      try {
        await remove()
      } finally {
        deleting.delete(key)
        resolve()
      }
      return true
    },
  }
}
