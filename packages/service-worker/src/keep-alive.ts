/**
 * Firefox terminates a worker 60 s after its last event, even while it streams, and the reader takes the truncated body for complete
 * (measured in Firefox 140). A worker with pending work therefore pings the open pages: each reply is an event. Without a reply, its
 * streams end in an error before Firefox terminates it.
 */
import { type Platform, webPlatform } from '@rockpool/core'
import { RockpoolError } from '@rockpool/protocol'

export interface KeepAlive {
  /** To be called at each event of the worker. */
  onEvent(): void
  /** Pings pages until the work has settled. */
  during(work: Promise<unknown>): void
  /**
   * The stream, through the transformer. It errors with the signal's reason when that aborts, and before the browser terminates the
   * worker.
   */
  endsWith<A>(stream: ReadableStream<A>, signal: AbortSignal, transformer?: Transformer<A, A>): ReadableStream<A>
}

export interface KeepAliveOptions {
  /** Asks all open pages for an event. */
  readonly ping: () => Promise<unknown>
  /** Whether this browser terminates a worker with pending work. False when not given */
  readonly isTerminated?: boolean
  readonly platform?: Pick<Platform, 'clock'>
}

const PING_EVERY_MS = 10_000

/** Streams end 10 s after the last of these pings, 50 s after the last event. */
const MAX_UNANSWERED_PINGS = 4

export const workerKeepAlive = ({
  ping,
  isTerminated = false,
  platform = webPlatform,
}: KeepAliveOptions): KeepAlive => {
  const pending = new Set<Promise<unknown>>()
  let ending = new AbortController()
  let unanswered = 0
  let isScheduled = false

  const schedule = (): void => {
    isScheduled = true
    platform.clock.setTimer(pingOrEnd, PING_EVERY_MS)
  }
  const pingOrEnd = (): void => {
    isScheduled = false
    if (pending.size === 0) return
    if (isTerminated && unanswered >= MAX_UNANSWERED_PINGS) {
      ending.abort(terminated())
      ending = new AbortController()
    } else {
      unanswered++
      ping().catch(() => {}) // counts as unanswered
    }
    schedule()
  }
  const during = (work: Promise<unknown>): void => {
    pending.add(work)
    const settled = () => void pending.delete(work)
    work.then(settled, settled)
    if (!isScheduled) schedule()
  }

  return {
    onEvent() {
      unanswered = 0
    },
    during,
    endsWith<A>(stream: ReadableStream<A>, signal: AbortSignal, transformer?: Transformer<A, A>) {
      const { readable, writable } = new TransformStream<A, A>(transformer)
      during(stream.pipeTo(writable, { signal: AbortSignal.any([signal, ending.signal]) }))
      return readable
    },
  }
}

/** Sends `{ type: 'rockpool:ping' }` to every open page. */
export const pingPages = async (clients: Pick<Clients, 'matchAll'>): Promise<void> => {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  for (const page of pages) page.postMessage({ type: 'rockpool:ping' })
}

const terminated = (): RockpoolError =>
  new RockpoolError(
    'aborted',
    'Firefox stops a download after 60 s unless a page of this app is open. Open the app, then the file again: the download resumes.',
  )
