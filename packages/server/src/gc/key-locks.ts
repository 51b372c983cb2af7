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

/** A lease: it is renewed until `end`, or until its holder dies. */
export interface ExclusiveLock {
  /** those that it locked */
  readonly keys: ReadonlySet<RemoteKey>
  /**
   * The `before` of a delete that is sent now (`performance.now()`): S3 refuses it afterwards, so that it has no effect once the
   * lease is over. Later at each call while the lease is renewed.
   */
  deleteBefore(): number
  /** Keys that were released before are ignored. */
  release(keys: readonly RemoteKey[]): Promise<void>
  /** Renews no more. What was not released stays locked while a delete may still take effect. */
  end(): void
}

/** An upload waits this long for the keys of a collector that died. */
export const LEASE_MS = 20_000
/** From the arrival of a delete at the object store to its effect. */
const EFFECT_MS = 5_000
/** From the start of a lease, or of its renewal, to the `before` of the deletes under it. */
export const DELETE_MS = LEASE_MS - EFFECT_MS

/** An upload waits for a collector that deletes: it may have many contents to delete. */
const MAX_WAIT_MS = 60_000
export const POLL_MS = 100

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
      const message = 'This content is being removed. Send the file again in a minute.'
      throw new RockpoolError('storage_unavailable', message, { retryAfterMs: 60_000 })
    }
    await pause(clock, POLL_MS, signal)
  }
}

/** For the only server of its event logs. */
export const memoryKeyLocks = (clock: Clock = systemClock): KeyLocks => {
  /** how many locks */
  const shared = new Map<RemoteKey, number>()
  const exclusive = new Map<RemoteKey, { endsAt: number }>()
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
      const lock = { endsAt: Number.POSITIVE_INFINITY }
      for (const key of keys) exclusive.set(key, lock)
      return {
        keys,
        deleteBefore: () => performance.now() + DELETE_MS,
        release: async (some) => {
          for (const key of some) if (exclusive.get(key) === lock) exclusive.delete(key)
        },
        end: () => void (lock.endsAt = clock.now() + LEASE_MS),
      }
    },
  }
}
