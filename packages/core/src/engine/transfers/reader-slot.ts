/** A reader's place in the connection budget, which it has while it reads: an app may drop a stream without reading or cancelling it. */
import type { PlatformClock } from '../../platform/platform.ts'
import type { ConnectionBudget } from './connection-budget.ts'

/** A reader that requests no bytes for this time (ms) leaves its connection to other transfers. Its next read counts again. */
const IDLE_MS = 5_000

export interface ReaderSlot {
  /** A stream of the same bytes. The reader counts while a read is pending, and for {@link IDLE_MS} after the start and each chunk. */
  count(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>>
  /** Frees the slot for good: the download has ended. */
  end(): void
}

/** Counts a reader from now on: it waits for its first bytes. */
export const readerSlot = (
  { read }: Pick<ConnectionBudget, 'read'>,
  { setTimer }: Pick<PlatformClock, 'setTimer'>,
): ReaderSlot => {
  let release: (() => void) | undefined = read()
  let cancelTimer = () => {}
  let isEnded = false
  const leave = () => {
    release?.()
    release = undefined
  }
  const enter = () => {
    cancelTimer()
    if (!isEnded) release ??= read()
  }
  const pause = () => {
    if (!isEnded) cancelTimer = setTimer(leave, IDLE_MS)
  }
  return {
    count(stream) {
      const source = stream.getReader()
      pause()
      return new ReadableStream(
        {
          async pull(controller) {
            enter()
            const { done, value } = await source.read()
            pause()
            if (done) controller.close()
            else controller.enqueue(value)
          },
          cancel: (reason) => source.cancel(reason),
        },
        { highWaterMark: 0 },
      )
    },
    end() {
      isEnded = true
      cancelTimer()
      leave()
    },
  }
}
