/**
 * Which transfers are under way, told to all tabs of a store. Kept nowhere: progress is neither a fact for the log nor
 * worth a write to disk.
 */
import type { RemoteKey } from '@rockpool/protocol'
import type { Platform, PlatformChannel, PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import type { TransferDirection } from '../../ports/index-port.ts'

export interface Activity {
  readonly remoteKey: RemoteKey
  readonly direction: TransferDirection
  /** bytes so far */
  readonly bytes: number
  /** bytes in all */
  readonly total: number
}

/** A step of a transfer, or its end (`activity: null`). */
export interface ActivityMessage {
  readonly remoteKey: RemoteKey
  readonly activity: Activity | null
}

export const activityChannel = (
  scope: string,
  { openChannel }: Pick<Platform, 'openChannel'> = webPlatform,
): PlatformChannel => openChannel(`rockpool:${scope}:activity`)

export interface ActivityReport {
  progress(bytes: number, total: number): void
  end(): void
}

/** Progress is told once in so many bytes, or per cent of the whole if that is more, and in so many ms at least. */
const STEP = 256 * 1024
const STEP_MS = 10_000

/** What was not heard of for so long is over: its tab or worker died, or its reader stands still. ms */
export const ACTIVITY_LIFETIME_MS = 60_000

/** Reports one transfer: `tell` is called at its start, at each step, and once at its end. */
export const reportActivity = (
  tell: (message: ActivityMessage) => void,
  remoteKey: RemoteKey,
  direction: TransferDirection,
  total: number,
  { monotonic }: Pick<PlatformClock, 'monotonic'> = webPlatform.clock,
): ActivityReport => {
  let told = 0
  let toldAt = monotonic()
  let ended = false
  tell({ remoteKey, activity: { remoteKey, direction, bytes: 0, total } })
  return {
    progress(bytes, all) {
      if (ended) return
      if (bytes - told < Math.max(STEP, all / 100) && monotonic() - toldAt < STEP_MS) return
      told = bytes
      toldAt = monotonic()
      tell({ remoteKey, activity: { remoteKey, direction, bytes, total: all } })
    },
    end() {
      if (ended) return
      ended = true
      tell({ remoteKey, activity: null })
    },
  }
}
