/** A download without a byte for some time is stopped (peer failure 16). */
import { RockpoolError } from '@rockpool/protocol'
import type { PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import { withDeadline } from '../../promises.ts'

const STALL_MS = 30_000

export interface StallClock {
  /** the page's own when not given */
  readonly clock?: Pick<PlatformClock, 'setTimer' | 'monotonic'>
}

/** Ends a download. */
export interface Stop {
  readonly stop: AbortController
  /** `stop`, or a signal that follows it */
  readonly signal: AbortSignal
}

/** Aborts `stop` when `work` takes longer than 30 s. A reader that pauses is no stall. */
export const unlessStalled = <A>(
  { clock = webPlatform.clock }: StallClock,
  stop: AbortController,
  work: Promise<A>,
): Promise<A> => withDeadline(clock, STALL_MS, work, () => stop.abort(stalled()))

const stalled = (): RockpoolError =>
  new RockpoolError('storage_unavailable', 'No data arrived for 30 seconds. Open the file again: the download resumes.')
