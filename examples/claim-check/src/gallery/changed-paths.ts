/** The server's event stream, as paths of files (docs/contracts/rest-http.md, "Events"). */

/** Paths in `bucket`, as their events arrive. Ends when the server ends the stream, or the connection is cut. */
export async function* changedPaths(
  stream: AsyncIterable<Uint8Array>,
  bucket: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        // Other lines are ids, heartbeats and the time until a reconnect.
        if (!line.startsWith('data: {')) continue
        const event = JSON.parse(line.slice('data: '.length)) as { readonly bucket: string; readonly path: string }
        if (event.bucket === bucket) yield event.path
      }
    }
  } catch (error) {
    // `fetch` reports a connection that was cut so. A reader connects again, and lists what it missed.
    if (!(error instanceof TypeError)) throw error
  }
}
