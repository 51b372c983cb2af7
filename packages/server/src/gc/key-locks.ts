/**
 * Locks on remote keys, for calls that name content whose bytes no device has (uploads of the REST API) beside the collector.
 *
 * Why no acknowledged upload loses its bytes: an upload holds a shared lock from before it looks into the object store until the
 * log names the key. The collector holds the exclusive lock from before it reads the log until its delete has ended. No key has
 * both. So the collector reads a log that names the key, or the upload looks after the delete and writes the bytes again.
 */
import { type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { type Clock, pause, systemClock } from '@rockpool/sync-server'

export interface KeyLocks {
  /** Waits while the collector has the key. @throws RockpoolError `storage_unavailable` when it has it for too long */
  acquireShared(key: RemoteKey, signal: AbortSignal): Promise<SharedLock>
  /** Locks those of the keys that are not locked. */
  tryExclusive(keys: readonly RemoteKey[]): Promise<ExclusiveLock>
}

export interface SharedLock {
  /** @throws RockpoolError `storage_unavailable` when the lock ended before: the bytes may be gone */
  release(): Promise<void>
}

/** Ends by itself after `EXCLUSIVE_MS`. */
export interface ExclusiveLock {
  /** those that it locked */
  readonly keys: ReadonlySet<RemoteKey>
  /** Keys that were released before are ignored. */
  release(keys: readonly RemoteKey[]): Promise<void>
}

/**
 * A delete that the collector sends takes effect within this time: it is sent within a minute of the lock, and S3 refuses requests
 * that were signed 15 minutes ago. Four minutes more are for clock skew.
 */
export const EXCLUSIVE_MS = 20 * 60_000

/** An upload waits for a collector that deletes, and not for what one that died, or a delete that failed, has left. */
const MAX_WAIT_MS = 60_000
const POLL_MS = 100

/** Tries until there is a lock. @throws RockpoolError `storage_unavailable` */
export const pollShared = async (
  tryShared: () => Promise<SharedLock | undefined>,
  clock: Clock,
  signal: AbortSignal,
): Promise<SharedLock> => {
  const deadline = clock.now() + MAX_WAIT_MS
  for (;;) {
    const lock = await tryShared()
    if (lock) return lock
    if (clock.now() >= deadline) {
      const message = 'This content is being removed. Send the file again in 20 minutes.'
      throw new RockpoolError('storage_unavailable', message, { retryAfterMs: EXCLUSIVE_MS })
    }
    await pause(clock, POLL_MS, signal)
  }
}

/** For the only server of its event logs. */
export const memoryKeyLocks = (clock: Clock = systemClock): KeyLocks => {
  /** how many locks */
  const shared = new Map<RemoteKey, number>()
  const exclusive = new Map<RemoteKey, { readonly endsAt: number }>()
  const isExclusive = (key: RemoteKey) => (exclusive.get(key)?.endsAt ?? 0) > clock.now()

  const tryShared = async (key: RemoteKey): Promise<SharedLock | undefined> => {
    if (isExclusive(key)) return undefined
    shared.set(key, (shared.get(key) ?? 0) + 1)
    return {
      release: async () => {
        const left = shared.get(key)! - 1
        if (left > 0) shared.set(key, left)
        else shared.delete(key)
      },
    }
  }
  return {
    acquireShared: (key, signal) => pollShared(() => tryShared(key), clock, signal),
    tryExclusive: async (wanted) => {
      const keys = new Set(wanted.filter((key) => !shared.has(key) && !isExclusive(key)))
      const lock = { endsAt: clock.now() + EXCLUSIVE_MS }
      for (const key of keys) exclusive.set(key, lock)
      return {
        keys,
        release: async (some) => {
          for (const key of some) if (exclusive.get(key) === lock) exclusive.delete(key)
        },
      }
    },
  }
}
