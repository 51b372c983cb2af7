import { aborted, RockpoolError } from '@rockpool/protocol'

/**
 * The chunks of a source, with its failures told apart from the caller's wish to stop. The source is cancelled when
 * reading ends early.
 *
 * @throws RockpoolError `source_failed`, `aborted`
 */
export async function* readSource(
  source: Blob | ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal?.aborted) {
    if (!(source instanceof Blob)) await source.cancel(signal.reason).catch(() => {})
    throw aborted(signal)
  }
  const reader = lock(source)
  // Cancelling a reader settles its pending read at once, even when the source never answers again.
  const stop = () => void reader.cancel(signal?.reason).catch(() => {})
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw signal?.aborted ? aborted(signal) : failed(cause)
      })
      if (signal?.aborted) throw aborted(signal)
      if (done) return
      if (!(value instanceof Uint8Array)) throw failed(new TypeError('A chunk is not a Uint8Array.'))
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.cancel().catch(() => {})
  }
}

const lock = (source: Blob | ReadableStream<Uint8Array>): ReadableStreamDefaultReader<Uint8Array> => {
  try {
    return (source instanceof Blob ? source.stream() : source).getReader()
  } catch (cause) {
    throw failed(cause)
  }
}

const failed = (cause: unknown): RockpoolError =>
  new RockpoolError('source_failed', 'The source could not be read to its end; nothing of it is kept. Pick it again.', {
    cause,
  })
