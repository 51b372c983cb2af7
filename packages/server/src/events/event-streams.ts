/** `GET /storage/v1/events`: events as they happen, as server-sent events (docs/contracts/rest-http.md). */
import { RockpoolError, type StoreId } from '@rockpool/protocol'
import type { Clock, FileEvent, ReadModel } from '@rockpool/sync-server'
import type { Appends } from './appends.ts'
import { formatCursor } from './cursor.ts'
import { nextTurn } from './next-turn.ts'
import { toStorageEvent } from './storage-event.ts'

export interface EventStreams {
  /**
   * A response that ends when the token does, when the server drains, or when its reader is too slow.
   *
   * @throws RockpoolError `rate_limited` when the user has {@link MAX_STREAMS} open
   */
  open(subscription: Subscription): Response
  /** Ends all streams, and each later one at its start: clients continue elsewhere from their cursors. */
  close(): void
}

export interface Subscription {
  readonly storeId: StoreId
  /** of the user who reads */
  readonly sub: string
  readonly log: { readonly cursorId: string; readonly readModel: Pick<ReadModel, 'fileEvents'> }
  /** number of the last event that the reader has */
  readonly since: number
  readonly isReadable: (event: FileEvent) => boolean | Promise<boolean>
  /** when the token ends, unix ms */
  readonly expiresAt: number
}

export interface EventStreamsOptions {
  readonly appends: Pick<Appends, 'watch'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** Proxies cut a connection on which nothing moves for a minute; this server does, too. */
export const HEARTBEAT_MS = 15_000
/** A reader that takes nothing of what waits for this long is closed. */
export const SLOW_READER_MS = 30_000
/** Streams of one user at the same time, of all stores: each reads the log at each append, and keeps a connection. */
export const MAX_STREAMS = 20
/** When a client connects again after its stream has ended. */
const RECONNECT_MS = 5_000
/** Events in one chunk: about 60 kB. */
const PAGE_EVENTS = 200

export const createEventStreams = ({ appends, clock, onError }: EventStreamsOptions): EventStreams => {
  let isClosed = false
  const streams = new Set<AbortController>()
  const streamsOf = new Map<string, number>()

  const open = (subscription: Subscription): Response => {
    const { sub } = subscription
    const others = streamsOf.get(sub) ?? 0
    if (others >= MAX_STREAMS) throw tooManyStreams()
    streamsOf.set(sub, others + 1)
    const ending = new AbortController()
    streams.add(ending)
    if (isClosed) ending.abort()
    const chunks = readChunks(subscription, appends, clock, ending.signal)
    let isCancelled = false
    let stopWaiting = () => {}
    const end = () => {
      stopWaiting()
      if (streams.delete(ending)) leave(sub)
      ending.abort()
      // A generator that is not read to its end would never stop watching the store.
      void chunks.return()
    }
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          stopWaiting()
          try {
            const { done, value } = await chunks.next()
            // The reader has left: the stream is closed already.
            if (isCancelled) return
            if (done) {
              end()
              return controller.close()
            }
            controller.enqueue(new TextEncoder().encode(value))
            stopWaiting = clock.setTimer(() => {
              end()
              controller.error(new Error('The reader of this event stream is too slow.'))
            }, SLOW_READER_MS)
          } catch (error) {
            end()
            onError(error)
            controller.error(error)
          }
        },
        cancel: () => {
          isCancelled = true
          end()
        },
      },
      // The next page is read when the one before is sent.
      { highWaterMark: 0 },
    )
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
  }

  const leave = (sub: string) => {
    const left = streamsOf.get(sub)! - 1
    if (left > 0) streamsOf.set(sub, left)
    else streamsOf.delete(sub)
  }

  return {
    open,
    close: () => {
      isClosed = true
      for (const stream of streams) stream.abort()
    },
  }
}

const tooManyStreams = () =>
  new RockpoolError('rate_limited', `This user has ${MAX_STREAMS} event streams open. Close one, then try again.`, {
    retryAfterMs: RECONNECT_MS,
  })

/** Ends when `signal` is aborted, or the token ends. */
async function* readChunks(
  { storeId, log, since, isReadable, expiresAt }: Subscription,
  appends: Pick<Appends, 'watch'>,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const { cursorId, readModel } = log
  let appended = true
  let wake = () => {}
  const stopWatching = appends.watch(storeId, () => {
    appended = true
    wake()
  })
  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = clock.setTimer(resolve, ms)
      wake = () => {
        cancel()
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
    }).finally(() => signal.removeEventListener('abort', wake))
  const isOver = () => signal.aborted || clock.now() >= expiresAt

  try {
    let last = since
    // A client that loses the connection before the first event continues from here, without a gap.
    yield `retry: ${RECONNECT_MS}\n${position(cursorId, last)}`
    while (!isOver()) {
      appended = false
      const page = await readModel.fileEvents({ since: last, limit: PAGE_EVENTS })
      const areReadable = await Promise.all(page.events.map(isReadable))
      const events = page.events
        .filter((_, index) => areReadable[index])
        .map((event) => toStorageEvent(storeId, cursorId, event))
      last = page.next
      if (events.length > 0)
        yield events.map((event) => `id: ${event.cursor}\ndata: ${JSON.stringify(event)}\n\n`).join('')
      if (page.more) await nextTurn()
      if (page.more || appended || isOver()) continue
      await wait(Math.max(0, Math.min(HEARTBEAT_MS, expiresAt - clock.now())))
      // Also the heartbeat reads: no notice of another server's append may have come.
      if (!appended && !isOver()) yield position(cursorId, last)
    }
  } finally {
    stopWatching()
  }
}

/** An id without data: clients remember it, and dispatch nothing (WHATWG HTML, "dispatch the event", step 1). */
const position = (cursorId: string, seqNum: number): string => `id: ${formatCursor(cursorId, seqNum)}\n\n`
