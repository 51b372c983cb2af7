/** Writing through a dedicated worker: the window's half. */
import type { BlobStore, WriteOptions } from '@rockpool/core'
import { type ContentDigest, RockpoolError, type StoreId } from '@rockpool/protocol'
import { storeClosed } from './direct.ts'
import { diskError } from '../disk-error.ts'
import { fromMessage, type FromWorker, type ToWorker, type WorkerOperation, type WritePart } from './messages.ts'
import { partsOf } from './source.ts'
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

  const writeByWorker = async (part: Omit<WritePart, 'kind'>, write: () => Promise<void>): Promise<void> => {
    const running = await worker()
    if (!running) return write()
    // A copy: the caller keeps its bytes, and only these are sent, not the buffer that they are a view of.
    const bytes = part.bytes.slice()
    await callWorker(running, storeId, { ...part, kind: 'writePart', bytes }, [bytes.buffer], {})
  }

  return {
    ...direct,
    write: (source, options = {}) => tracked(write(source, options)),
    writePart: (address, number, bytes) =>
      tracked(
        writeByWorker({ address, number, fragmentAt: undefined, bytes }, () =>
          direct.writePart(address, number, bytes),
        ),
      ),
    writeFragment: (address, number, start, bytes) =>
      tracked(
        writeByWorker({ address, number, fragmentAt: start, bytes }, () =>
          direct.writeFragment(address, number, start, bytes),
        ),
      ),
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
  const source = stream && new Pump(stream, operation.kind === 'write' ? operation.maxSize : undefined)
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
        void source!.next().then((message) => send(message, message.kind === 'part' ? [message.bytes.buffer] : []))
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
        // The worker knows only that the stream failed; this side knows how.
        reject(data.error.code === 'source_failed' && source?.failure ? source.failure : fromMessage(data.error))
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

/** Takes parts from a stream, one for each call. */
class Pump {
  /** what the stream failed with, as a RockpoolError */
  failure: unknown
  readonly #parts: AsyncGenerator<Uint8Array<ArrayBuffer>>
  readonly #stop = new AbortController()

  constructor(stream: ReadableStream<Uint8Array>, maxSize: number | undefined) {
    this.#parts = partsOf(stream, { signal: this.#stop.signal, ...(maxSize === undefined ? {} : { maxSize }) })
  }

  async next(): Promise<ToWorker> {
    try {
      const { done, value } = await this.#parts.next()
      return done ? { kind: 'end' } : { kind: 'part', bytes: value }
    } catch (error) {
      this.failure = error
      return { kind: 'sourceFailed', reason: String(error) }
    }
  }

  cancel(reason?: unknown): void {
    this.#stop.abort(reason)
  }
}
