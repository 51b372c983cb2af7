/** What {@link iterable} takes. */
export type ByteSource<Chunk extends Uint8Array = Uint8Array> =
  | ReadableStream<Chunk>
  | AsyncIterable<Chunk>
  | Iterable<Chunk>

/** The chunks for `for await` and `yield*`: a ReadableStream of WebKit (2.50, Safari 26) is not iterable by itself. */
export const iterable = <Chunk extends Uint8Array>(source: ByteSource<Chunk>): AsyncIterable<Chunk> | Iterable<Chunk> =>
  Symbol.asyncIterator in source || Symbol.iterator in source ? source : readAll(source)

async function* readAll<Chunk extends Uint8Array>(
  stream: ReadableStream<Chunk>,
): AsyncGenerator<Chunk, void, undefined> {
  const reader = stream.getReader()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isDone = done
      if (done) return
      yield value
    }
  } finally {
    // An error, or a loop that was left early.
    if (!isDone) await reader.cancel().catch(() => {})
  }
}
