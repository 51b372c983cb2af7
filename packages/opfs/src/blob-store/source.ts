/** The bytes of whatever is added, as chunks, with one kind of error for all that can go wrong in it. */
import { RockpoolError, tooLarge } from '@rockpool/protocol'
import type { WriteOptions } from '@rockpool/core'

/**
 * Reads `source` chunk by chunk. Ends the source when it fails, is aborted, or is no longer read.
 *
 * @throws RockpoolError `source_failed`, `aborted`, `too_large`
 */
export async function* readSource(
  source: Blob | ReadableStream<Uint8Array>,
  { signal, maxSize }: Pick<WriteOptions, 'signal' | 'maxSize'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted()
  if (source instanceof Blob && source.size > (maxSize ?? Infinity)) throw overLimit(maxSize)
  const reader = readerOf(source)
  // A cancelled read resolves at once, however slow the source is.
  const cancel = () => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', cancel)
  let size = 0
  let ended = false
  try {
    while (true) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        ended = true
        throw sourceFailed(error)
      })
      if (signal?.aborted) throw aborted(signal)
      if (done) {
        ended = true
        return
      }
      if (!(value instanceof Uint8Array)) throw sourceFailed(new TypeError('A chunk is not a Uint8Array.'))
      size += value.length
      if (size > (maxSize ?? Infinity)) throw overLimit(maxSize)
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    if (!ended) cancel()
  }
}

const readerOf = (source: Blob | ReadableStream<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> => {
  try {
    return (source instanceof Blob ? source.stream() : source).getReader()
  } catch (error) {
    throw sourceFailed(error)
  }
}

const sourceFailed = (cause: unknown): RockpoolError =>
  new RockpoolError('source_failed', 'The file could not be read to its end. Choose it again.', { cause })

export const aborted = (signal: AbortSignal): RockpoolError =>
  new RockpoolError('aborted', 'Adding the file was cancelled.', { cause: signal.reason })

const overLimit = (maxSize: number | undefined): RockpoolError =>
  maxSize === undefined
    ? tooLarge()
    : new RockpoolError('too_large', `The file is larger than the ${maxSize} bytes allowed here. Choose a smaller one.`)
