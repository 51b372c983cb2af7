/**
 * Firefox ends a worker 60 s after its last event, even while it streams, and the reader takes the cut body for whole (seen in 140).
 * So a worker at work asks the open pages for an event. Where no page answers, its streams end in an error before the browser ends it.
 */
import { type Platform, webPlatform } from '@rockpool/core'
import { RockpoolError } from '@rockpool/protocol'

export interface WorkerLife {
  /** To be called at each event of the worker. */
  renew(): void
  /** Asks for events until the work has settled. */
  during(work: Promise<unknown>): void
  /** The stream; it ends in the signal's reason when that aborts, and in an error before the browser ends the worker. */
  endsWith<A>(stream: ReadableStream<A>, signal: AbortSignal): ReadableStream<A>
}

export interface WorkerLifeOptions {
  /** Asks all open pages for an event. */
  readonly ask: () => Promise<unknown>
  /** whether this browser ends a worker at work (default: no) */
  readonly isEnded?: boolean
  readonly platform?: Pick<Platform, 'clock'>
}

/** Between two questions (ms). */
const INTERVAL_MS = 10_000

/** Questions in a row without an event: the last one leaves 10 s to end the streams. */
const MAX_UNANSWERED = 4

export const workerLife = ({ ask, isEnded = false, platform = webPlatform }: WorkerLifeOptions): WorkerLife => {
  const works = new Set<Promise<unknown>>()
  let ending = new AbortController()
  let unanswered = 0
  let isAsking = false

  const askLater = (): void => {
    isAsking = works.size > 0
    if (isAsking) platform.clock.setTimer(askOrEnd, INTERVAL_MS)
  }
  const askOrEnd = (): void => {
    if (works.size > 0 && isEnded && unanswered >= MAX_UNANSWERED) {
      ending.abort(endedByBrowser())
      ending = new AbortController()
    } else if (works.size > 0) {
      unanswered++
      ask().catch(() => {}) // as a page that does not answer
    }
    askLater()
  }
  const during = (work: Promise<unknown>): void => {
    works.add(work)
    const settled = () => void works.delete(work)
    work.then(settled, settled)
    if (!isAsking) askLater()
  }

  return {
    renew() {
      unanswered = 0
    },
    during,
    endsWith<A>(stream: ReadableStream<A>, signal: AbortSignal) {
      const { readable, writable } = new TransformStream<A, A>()
      during(stream.pipeTo(writable, { signal: AbortSignal.any([signal, ending.signal]) }))
      return readable
    },
  }
}

/** Asks the open pages for a message: `{ type: 'rockpool:stay' }`. */
export const askPagesForEvent = async (clients: Pick<Clients, 'matchAll'>): Promise<void> => {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  for (const page of pages) page.postMessage({ type: 'rockpool:stay' })
}

const endedByBrowser = (): RockpoolError =>
  new RockpoolError(
    'aborted',
    'This browser ends its worker after 60 s, and the file has not arrived by then. Open it again: it goes on from what has. With a page of the app open, it arrives in one go.',
  )
