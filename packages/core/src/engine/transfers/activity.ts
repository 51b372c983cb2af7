/**
 * Progress of the transfers under way, broadcast to all tabs of a store. Stored nowhere: progress is neither a fact for the
 * log nor worth a write to disk.
 */
import type { RemoteKey } from '@rockpool/protocol'
import type { Platform, PlatformChannel, PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { TransferDirection } from '../../ports/local-index.ts'
import { makeSpeedometer } from './speed.ts'

export interface Activity {
  readonly remoteKey: RemoteKey
  readonly direction: TransferDirection
  /** bytes so far */
  readonly bytes: number
  /** bytes in all */
  readonly total: number
  /** bytes per second over the last seconds; null while unknown, and from an older tab or worker */
  readonly bytesPerSecond?: number | null
}

/** Progress of a transfer, or its end (`activity: null`). */
export interface ActivityMessage {
  readonly remoteKey: RemoteKey
  readonly activity: Activity | null
  /** The download completed: the content is on this disk, and in the index. Sent last. */
  readonly downloaded?: true
}

export const activityChannel = (
  scope: string,
  { openChannel }: Pick<Platform, 'openChannel'> = webPlatform,
): PlatformChannel => openChannel(`rockpool:${scope}:activity`)

export interface ActivityReport {
  progress(bytes: number, total: number): void
  end(): void
}

/** Bytes between two reports of progress, or 1 % of the whole if that is more. */
const STEP = 256 * 1024

/** Longest time between two reports (ms) while anything moves. */
const STEP_MS = 10_000

/** A transfer without a report for this time (ms) counts as ended: its tab or worker died, or its reader stopped reading. */
export const ACTIVITY_LIFETIME_MS = 60_000

/** Reports one transfer: calls `emit` at its start, at each step, and once at its end. */
export const reportActivity = (
  emit: (message: ActivityMessage) => void,
  remoteKey: RemoteKey,
  direction: TransferDirection,
  total: number,
  { monotonic }: Pick<PlatformClock, 'monotonic'> = webPlatform.clock,
): ActivityReport => {
  const speedOf = makeSpeedometer()
  let reported = 0
  let reportedAt = monotonic()
  let isStarted = false
  let ended = false
  emit({ remoteKey, activity: { remoteKey, direction, bytes: 0, total, bytesPerSecond: null } })
  return {
    progress(bytes, all) {
      if (ended) return
      const now = monotonic()
      if (!isStarted) speedOf(bytes, now)
      isStarted = true
      if (bytes - reported < Math.max(STEP, all / 100) && now - reportedAt < STEP_MS) return
      reported = bytes
      reportedAt = now
      emit({ remoteKey, activity: { remoteKey, direction, bytes, total: all, bytesPerSecond: speedOf(bytes, now) } })
    },
    end() {
      if (ended) return
      ended = true
      emit({ remoteKey, activity: null })
    },
  }
}
