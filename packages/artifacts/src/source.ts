/** What can be stored, as chunks of bytes. */
import { ArtifactError } from './errors.ts'

/**
 * Bytes to store. Streams are read once, with back pressure, and cancelled when the call fails. On Node,
 * `openAsBlob(path)` of `node:fs` gives a file.
 */
export type ArtifactSource =
  | string
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>

/** @throws ArtifactError `bad_argument` at once; `source_failed` while it is read, also for chunks that are no bytes */
export const chunksOf = (source: ArtifactSource): AsyncIterable<Uint8Array> => checked(iterable(source))

const iterable = (source: ArtifactSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> => {
  if (typeof source === 'string') return [new TextEncoder().encode(source)]
  if (source instanceof Uint8Array) return [source]
  if (source instanceof ArrayBuffer) return [new Uint8Array(source)]
  if (source instanceof Blob) return source.stream()
  if (source instanceof ReadableStream || Symbol.asyncIterator in Object(source)) return source
  throw new ArtifactError(
    'bad_argument',
    'This is no source of bytes. Pass a Uint8Array, Blob, stream, async iterable or string.',
  )
}

async function* checked(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('A chunk is no Uint8Array.')
      yield chunk
    }
  } catch (cause) {
    throw new ArtifactError(
      'source_failed',
      'The source of the bytes failed while it was read. Open it again and repeat the call.',
      { cause },
    )
  }
}
