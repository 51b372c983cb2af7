/** `GET /live` by fetch: the messages as lines of JSON. */
import { CLOSE, MAX_BUFFERED_BYTES } from './publish.ts'
import type { Reply } from '../http/reply.ts'
import type { Transport } from './hub.ts'

/** @param subscribe starts to send; its result ends the subscription */
export const streamReply = async (
  subscribe: (transport: Transport) => Promise<() => void>,
  signal: AbortSignal,
): Promise<Reply> => {
  const encoder = new TextEncoder()
  let unsubscribe = () => {}
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (own) => void (controller = own),
      cancel: () => unsubscribe(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_BUFFERED_BYTES }),
  )
  unsubscribe = await subscribe({
    send: (message) => controller.enqueue(encoder.encode(`${message}\n`)),
    get bufferedAmount() {
      return MAX_BUFFERED_BYTES - (controller.desiredSize ?? 0)
    },
    // A slow reader would never read the end; an error frees what is buffered for it.
    close: (code, reason) => (code === CLOSE.slow ? controller.error(new Error(reason)) : controller.close()),
  })
  signal.addEventListener('abort', () => {
    unsubscribe()
    controller.error(signal.reason)
  })
  if (signal.aborted) unsubscribe()
  const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return { status: 200, headers, body }
}
