/** A stream that is driven by its reader: what is not read is not fetched. */
import { aborted } from '@rockpool/protocol'

/** Chunks for the reader, and at the end a result. */
export type Chunks<A> = AsyncGenerator<Uint8Array<ArrayBuffer>, A, undefined>

export interface ReaderDriven<A> {
  /** Cancelling it aborts `stop`. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>
  /** Resolves when the stream has ended. Rejects when it failed, was cancelled or was stopped. */
  readonly result: Promise<A>
}

/** The reader got everything, but the disk did not. */
export interface NotKept {
  readonly notKept: unknown
}

/** Resolves with what is on disk; rejects with what kept it from there, or as `result` does. */
export const keptOf = <A extends object>(result: Promise<A | NotKept>): Promise<A> => {
  const kept = result.then((outcome) => {
    if ('notKept' in outcome) throw outcome.notKept
    return outcome
  })
  kept.catch(() => {}) // a caller that does not await it must not crash the page
  return kept
}

/**
 * @param stop is aborted when the stream fails or is cancelled
 * @param signal ends the stream; `stop` or one that follows it
 */
export const readerDriven = <A>(
  chunks: Chunks<A>,
  { stop, signal }: { readonly stop: AbortController; readonly signal: AbortSignal },
  onChunk: (bytes: number) => void = () => {},
): ReaderDriven<A> => {
  const { promise, resolve, reject } = Promise.withResolvers<A>()
  // The stream may be stopped while nothing is read. What is on its way to disk ends before the result does.
  const stopped = async () => {
    await chunks.return(undefined as A).catch(() => {}) // the reason to stop is the error that counts
    reject(aborted(signal))
  }
  signal.addEventListener('abort', stopped)
  promise
    .catch(() => {}) // a caller that does not await the result must not crash the page
    .finally(() => signal.removeEventListener('abort', stopped))
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          if (signal.aborted) throw aborted(signal)
          const { done, value } = await chunks.next()
          if (!done) {
            onChunk(value.length)
            return controller.enqueue(value)
          }
          resolve(value)
          controller.close()
        } catch (cause) {
          const error = signal.aborted && signal.reason !== cause ? aborted(signal) : cause
          stop.abort(error)
          reject(error)
          controller.error(error)
        }
      },
      async cancel(reason) {
        stop.abort(reason)
        try {
          // Runs the generator's finally: parts under way to disk are finished, the connection is closed.
          await chunks.return(undefined as A)
        } finally {
          reject(aborted(stop.signal))
        }
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, result: promise }
}
