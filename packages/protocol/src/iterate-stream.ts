/** What {@link iterable} takes. */
export type Chunks = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** WebKit 2.50 (Safari 26) has no `for await` over a ReadableStream. */
export const iterable = (source: Chunks): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  Symbol.asyncIterator in source || Symbol.iterator in source ? source : readAll(source)

async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
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
