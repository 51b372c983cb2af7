/** The dedicated worker of a blob store: the only place with sync access handles. */
import type { BlobStore } from '@rockpool/core'
import { diskError } from '../disk-error.ts'
import { opfsBlobStoreDirect } from './direct.ts'
import { type FromWorker, toMessage, type ToWorker, type WorkerCall, type WorkerReady } from './messages.ts'

const scope = self as unknown as DedicatedWorkerGlobalScope

let opened: { readonly storeId: string; readonly store: Promise<BlobStore> } | undefined

/** A worker serves one store. Opening is tried again after it failed. */
const storeOf = (storeId: string): Promise<BlobStore> => {
  if (opened?.storeId === storeId) return opened.store
  const store = opfsBlobStoreDirect({ storeId })
  opened = { storeId, store }
  store.catch(() => (opened = undefined))
  return store
}

const serve = async ({ storeId, operation }: WorkerCall, port: MessagePort): Promise<void> => {
  const send = (message: FromWorker) => port.postMessage(message)
  const abort = new AbortController()
  const source = new PulledSource(send)
  port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    if (data.kind === 'abort') abort.abort()
    else source.receive(data)
  }
  try {
    const store = await storeOf(storeId)
    if (operation.kind === 'writePart') {
      const { address, number, fragmentAt, bytes } = operation
      if (fragmentAt === undefined) await store.writePart(address, number, bytes)
      else await store.writeFragment(address, number, fragmentAt, bytes)
      send({ kind: 'done', digest: undefined })
    } else {
      const digest = await store.write(operation.source === 'stream' ? source.stream : operation.source, {
        signal: abort.signal,
        ...(operation.maxSize === undefined ? {} : { maxSize: operation.maxSize }),
        onProgress: (bytes) => send({ kind: 'progress', bytes }),
      })
      send({ kind: 'done', digest })
    }
  } catch (error) {
    send({ kind: 'failed', error: toMessage(diskError(error)) })
  }
}

/** The window's stream, as seen here: one part is asked for and awaited at a time. */
class PulledSource {
  readonly stream: ReadableStream<Uint8Array>
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #arrived: () => void = () => {}
  #cancelled = false

  constructor(send: (message: FromWorker) => void) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => {
          send({ kind: 'pull' })
          return new Promise<void>((resolve) => (this.#arrived = resolve))
        },
        cancel: () => {
          this.#cancelled = true
          send({ kind: 'cancel' })
        },
      },
      { highWaterMark: 0 },
    )
  }

  receive(message: Exclude<ToWorker, { kind: 'abort' }>): void {
    // What was on its way when the stream was cancelled comes too late.
    if (this.#cancelled) return
    if (message.kind === 'sourceFailed') this.#controller.error(new Error(message.reason))
    else if (message.kind === 'end') this.#controller.close()
    else this.#controller.enqueue(message.bytes)
    this.#arrived()
  }
}

scope.onmessage = ({ data, ports }: MessageEvent<WorkerCall>) => void serve(data, ports[0]!)

// Nobody is told when a worker dies, but a Web Lock of its goes free.
const lifeLock = `rockpool-opfs:worker/${crypto.randomUUID()}`
void navigator.locks.request(lifeLock, () => {
  scope.postMessage({ lifeLock } satisfies WorkerReady)
  return new Promise<never>(() => {})
})
