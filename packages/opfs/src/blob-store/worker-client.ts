/** Writing through a dedicated worker: the window's half. */
import type { BlobStore, WriteOptions } from '@rockpool/core'
import { type ContentDigest, PART_SIZE, RockpoolError, type StoreId } from '@rockpool/protocol'
import { storeClosed } from './direct.ts'
import { diskError } from '../disk-error.ts'
import { fromMessage, type FromWorker, type ToWorker, type WorkerOperation } from './messages.ts'
import { linkWorker, type WorkerLink } from './worker-link.ts'

/**
 * A blob store that reads in this context and writes in the worker that `start` starts. When the worker cannot be started it
 * writes in this context too: slower, but nothing is lost. A worker that died is replaced at the next write.
 */
export const withWorker = (storeId: StoreId, direct: BlobStore, start: () => Worker): BlobStore => {
  let link: Promise<WorkerLink | undefined> | undefined
  const closing = new AbortController()
  const calls = new Set<Promise<unknown>>()

  const worker = async (): Promise<WorkerLink | undefined> => {
    if (closing.signal.aborted) throw storeClosed()
    const running = await (link ??= linkWorker(start))
    if (running && !running.dead.aborted) return running
    link = undefined
    return running ? worker() : undefined
  }

  const tracked = async <T>(call: Promise<T>): Promise<T> => {
    calls.add(call)
    try {
      return await call
    } catch (error) {
      throw closing.signal.aborted ? storeClosed() : error
    } finally {
      calls.delete(call)
    }
  }

  const close = async () => {
    closing.abort()
    await Promise.allSettled(calls)
    await link?.then((running) => running?.end())
    await direct.close()
  }

  const write = async (source: Blob | ReadableStream<Uint8Array>, options: WriteOptions): Promise<ContentDigest> => {
    const running = await worker()
    if (!running) return direct.write(source, options)
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal
    const operation: WorkerOperation = {
      kind: 'write',
      source: source instanceof Blob ? source : 'stream',
      maxSize: options.maxSize,
    }
    const stream = source instanceof Blob ? undefined : source
    const digest = await callWorker(running, storeId, operation, [], { ...options, signal, stream })
    return digest!
  }

  const writePart: BlobStore['writePart'] = async (address, number, bytes) => {
    const running = await worker()
    if (!running) return direct.writePart(address, number, bytes)
    // A copy: the caller keeps its bytes, and only these are sent, not the buffer that they are a view of.
    const copy = bytes.slice()
    const operation: WorkerOperation = { kind: 'writePart', address, number, bytes: copy }
    await callWorker(running, storeId, operation, [copy.buffer], {})
  }

  return {
    ...direct,
    write: (source, options = {}) => tracked(write(source, options)),
    writePart: (address, number, bytes) => tracked(writePart(address, number, bytes)),
    close,
    erase: async () => {
      await close()
      await direct.erase()
    },
  }
}

interface CallOptions extends Pick<WriteOptions, 'signal' | 'onProgress'> {
  readonly stream?: ReadableStream<Uint8Array> | undefined
}

/** One call, from its first message to its outcome. An aborted one ends when the worker has cleaned up after it. */
const callWorker = (
  link: WorkerLink,
  storeId: StoreId,
  operation: WorkerOperation,
  transfer: readonly Transferable[],
  { signal, onProgress, stream }: CallOptions,
): Promise<ContentDigest | undefined> => {
  const { promise, resolve, reject } = Promise.withResolvers<ContentDigest | undefined>()
  const source = stream && new Pump(stream)
  const port = link.call({ storeId, operation }, transfer)
  const send = (message: ToWorker, moved: Transferable[] = []) => port.postMessage(message, moved)

  const abort = () => {
    source?.cancel(signal!.reason)
    send({ kind: 'abort' })
  }
  const die = () =>
    reject(new RockpoolError('disk_failed', 'The worker that writes files ended before the write did. Try again.'))

  port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    switch (data.kind) {
      case 'pull':
        void source!.next().then((message) => send(message, message.kind === 'chunk' ? [message.bytes.buffer] : []))
        break
      case 'cancel':
        source!.cancel()
        break
      case 'progress':
        onProgress?.(data.bytes)
        break
      case 'done':
        resolve(data.digest)
        break
      case 'failed':
        reject(fromMessage(data.error, source?.failure))
    }
  }
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  link.dead.addEventListener('abort', die)
  if (link.dead.aborted) die()

  return promise
    .catch((error: unknown) => {
      source?.cancel(error)
      throw diskError(error)
    })
    .finally(() => {
      signal?.removeEventListener('abort', abort)
      link.dead.removeEventListener('abort', die)
      port.close()
    })
}

/** Takes chunks from a stream one by one, as fresh copies of at most a part: a huge chunk is not copied at once. */
class Pump {
  /** what the stream failed with */
  failure: unknown
  readonly #stream: ReadableStream<Uint8Array>
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #chunk = new Uint8Array()

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream
  }

  async next(): Promise<ToWorker> {
    try {
      this.#reader ??= this.#stream.getReader()
      while (this.#chunk.length === 0) {
        const { done, value } = await this.#reader.read()
        if (done) return { kind: 'end' }
        if (!(value instanceof Uint8Array)) throw new TypeError('A chunk is not a Uint8Array.')
        this.#chunk = value as Uint8Array<ArrayBuffer>
      }
      // Copied because moving the chunk's buffer would take it from the app, which may use it on.
      const bytes = this.#chunk.slice(0, PART_SIZE)
      this.#chunk = this.#chunk.subarray(PART_SIZE)
      return { kind: 'chunk', bytes }
    } catch (error) {
      this.failure = error
      return { kind: 'sourceFailed', reason: String(error) }
    }
  }

  cancel(reason?: unknown): void {
    void (this.#reader ?? this.#stream).cancel(reason).catch(() => {})
  }
}
