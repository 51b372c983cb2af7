/** The bytes of whatever is added, part by part, with one kind of error for all that can go wrong in it. */
import type { WriteOptions } from '@rockpool/core'
import { aborted, intoParts, isRockpoolError, partCount, partRange, RockpoolError } from '@rockpool/protocol'

/**
 * Reads `source` in parts of 8 MiB, of which the last may be shorter; an empty source has one empty part. A stream is
 * cancelled when it fails, when `signal` aborts, or when it is longer than allowed.
 *
 * @throws RockpoolError `source_failed`, `aborted`, `too_large`
 */
export const partsOf = (
  source: Blob | ReadableStream<Uint8Array>,
  options: Pick<WriteOptions, 'signal' | 'maxSize'>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> =>
  source instanceof Blob ? partsOfBlob(source, options) : intoParts(chunksOf(source, options))

/** A Blob is read by slices: the browser reads the next one while this thread is busy with a sync write. */
async function* partsOfBlob(blob: Blob, { signal, maxSize = Infinity }: Pick<WriteOptions, 'signal' | 'maxSize'>) {
  if (blob.size > maxSize) throw overLimit(maxSize)
  for (let number = 1; number <= partCount(blob.size); number++) {
    const { start, end } = partRange(blob.size, number)
    const bytes = await unlessAborted(blob.slice(start, end).arrayBuffer(), signal).catch((error: unknown) => {
      throw signal?.aborted ? aborted(signal) : sourceFailed(error)
    })
    // A file that shrinks while it is read gives less; what is kept must be what was chosen.
    if (bytes.byteLength !== end - start) throw sourceFailed(new RangeError('The file became shorter.'))
    yield new Uint8Array(bytes)
  }
}

/** Takes the stream at once, so that it is cancelled even when nobody comes to read. */
const chunksOf = (
  stream: ReadableStream<Uint8Array>,
  { signal, maxSize = Infinity }: Pick<WriteOptions, 'signal' | 'maxSize'>,
) => {
  const reader = readerOf(stream)
  // A cancelled read resolves at once, however slow the source is.
  const cancel = () => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted) cancel()

  return (async function* () {
    let size = 0
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (signal?.aborted) throw aborted(signal)
        if (done) return
        if (!(value instanceof Uint8Array)) throw new TypeError('A chunk is not a Uint8Array.')
        size += value.length
        if (size > maxSize) throw overLimit(maxSize)
        yield value
      }
    } catch (error) {
      throw isRockpoolError(error, 'aborted', 'too_large') ? error : sourceFailed(error)
    } finally {
      signal?.removeEventListener('abort', cancel)
      // Does nothing to a stream that has ended.
      cancel()
    }
  })()
}

const readerOf = (stream: ReadableStream<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> => {
  try {
    return stream.getReader()
  } catch (error) {
    throw sourceFailed(error)
  }
}

const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const sourceFailed = (cause: unknown): RockpoolError =>
  new RockpoolError('source_failed', 'The file could not be read to its end. Choose it again.', { cause })

const overLimit = (maxSize: number): RockpoolError =>
  new RockpoolError('too_large', `The file is larger than the ${maxSize} bytes allowed here. Choose a smaller one.`)
