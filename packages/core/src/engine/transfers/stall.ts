/** A download without a byte for some time is stopped (peer failure 16). */
import { RockpoolError } from '@rockpool/protocol'
import type { PlatformClock } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'

const STALL_MS = 30_000
const MAX_QUEUE_MS = 5 * 60_000

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

/**
 * Aborts `stop` when `work` takes longer than 30 s. A reader that pauses is no stall. Nor is a request that waits while other
 * downloads receive data: over HTTP/1.1 a browser sends 6 requests at a time, and a page may show 500 files. After 5 min it is one.
 *
 * @param what the body of a response has a connection of its own
 */
export const unlessStalled = async <A>(
  { clock = webPlatform.clock }: StallClock,
  stop: AbortController,
  work: Promise<A>,
  what: 'response' | 'bytes',
): Promise<A> => {
  let cancelTimer = () => {}
  const watch = (seen: number, ms: number): void => {
    const look = () => {
      const getsOn = what === 'response' && arrivalsOf(clock) > seen && ms < MAX_QUEUE_MS
      if (getsOn) watch(arrivalsOf(clock), ms + STALL_MS)
      else stop.abort(stalled())
    }
    cancelTimer = clock.setTimer(look, STALL_MS)
  }
  watch(arrivalsOf(clock), STALL_MS)
  try {
    const result = await work
    noteArrival({ clock })
    return result
  } finally {
    cancelTimer()
  }
}

/** Downloads with one clock share the connections of a browser: how often one of them got something. */
const arrivals = new WeakMap<object, number>()
const arrivalsOf = (clock: object): number => arrivals.get(clock) ?? 0

/** Something arrived for a download. */
export const noteArrival = ({ clock = webPlatform.clock }: StallClock): void =>
  void arrivals.set(clock, arrivalsOf(clock) + 1)

const stalled = (): RockpoolError =>
  new RockpoolError('storage_unavailable', 'No data arrived for 30 seconds. Open the file again: the download resumes.')
