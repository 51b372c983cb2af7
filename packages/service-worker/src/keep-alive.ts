/**
 * Firefox terminates a worker that streams, and the reader takes the truncated body for complete (measured in Firefox 140): 60 s after
 * its last event, and when the worker of a new release waits and no event is pending. So the event of a body is pending until its reader
 * has all of it, and a worker with pending work pings the open pages: each reply is an event. Without a reply, its streams end in an
 * error before Firefox terminates it.
 */
import { type Platform, webPlatform } from '@rockpool/core'
import { RockpoolError } from '@rockpool/protocol'

export interface KeepAlive {
  /** To be called at each event of the worker. */
  onEvent(): void
  /** Pings pages until the work has settled. */
  during(work: Promise<unknown>): void
  /** The stream as a body. It errors when the signal aborts, with its reason, and before the browser terminates the worker. */
  body<A>(stream: ReadableStream<A>, options: BodyOptions<A>): ReadableStream<A>
}

export interface BodyOptions<A> {
  readonly signal: AbortSignal
  /** receives a promise that resolves when the reader has the whole body, or has left */
  readonly waitUntil: (read: Promise<void>) => void
  /** Before each chunk is passed on. An error ends the body. */
  readonly pass?: (chunk: A) => Promise<void>
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
    body(stream, { signal, ...options }) {
      return untilRead(stream, { ...options, signal: AbortSignal.any([signal, ending.signal]) })
    },
  }
}

const untilRead = <A>(stream: ReadableStream<A>, { signal, waitUntil, pass }: BodyOptions<A>): ReadableStream<A> => {
  const source = stream.getReader()
  const { promise: read, resolve: end } = Promise.withResolvers<void>()
  waitUntil(read)
  /** one chunk ahead of the reader */
  let next: ReturnType<typeof source.read> | undefined
  return new ReadableStream<A>(
    {
      start(controller) {
        const abort = () => {
          controller.error(signal.reason)
          source.cancel(signal.reason).catch(() => {}) // its reader has the reason
          end()
        }
        if (signal.aborted) return abort()
        signal.addEventListener('abort', abort, { once: true })
        void read.then(() => signal.removeEventListener('abort', abort))
      },
      async pull(controller) {
        try {
          const { done, value } = await (next ?? source.read())
          if (done) {
            // The reader asks once more when it has passed on the last chunk.
            controller.close()
            return end()
          }
          next = source.read()
          next.catch(() => {}) // the next pull gets the error
          await pass?.(value)
          if (!signal.aborted) controller.enqueue(value)
        } catch (error) {
          end()
          source.cancel(error).catch(() => {})
          throw error
        }
      },
      async cancel(reason) {
        end()
        await source.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
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
