import type { BlobStore } from '@rockpool/core'
import { type Download, download, type DownloadPorts, downloadRange, readPart } from '@rockpool/core/transfers'
import {
  addressOfKey,
  type ByteSpan,
  type ContentDigest,
  type RemoteKey,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'

/** One reader of a shared download. Call `read`, whose stream leaves at its end, or `leave`. */
export interface DownloadReader {
  /** bytes of the whole content */
  readonly size: number
  /** Streams the span: bytes that have arrived from memory or disk, then new ones as they arrive. */
  read(span: ByteSpan): ReadableStream<Uint8Array<ArrayBuffer>>
  leave(): void
}

/** Content that is on disk, verified. */
export interface KeptContent {
  readonly content: ContentDigest
  readonly source: Download['source']
}

/** One download of a remote key, shared by concurrent readers. */
export interface SharedDownload {
  /** @throws RockpoolError as `download` does */
  join(): Promise<DownloadReader>
  /** number of bytes received, from the start of the content */
  readonly received: number
  /** Resolves when the content is on disk, verified. Rejects when the download failed, or its last reader left. */
  readonly kept: Promise<KeptContent>
}

/**
 * Starts a download that its readers drive: the reader that is furthest ahead fetches the next bytes for all. So
 * a paused reader (a paused video) blocks no other. Memory holds at most three parts (24 MiB), beside those that are read ahead. A reader that is further behind reads from disk, where
 * those bytes are by then, or from object storage when this disk is full.
 *
 * @param options.onEnd called when no reader may join any more, perhaps more than once
 */
export const shareDownload = (
  ports: DownloadPorts & { readonly blobs: BlobStore },
  remoteKey: RemoteKey,
  options: { readonly onProgress?: (bytes: number, total: number) => void; readonly onEnd?: () => void } = {},
): SharedDownload => {
  const stop = new AbortController()
  const { onProgress, onEnd } = options
  const { partSize } = ports.hashing ?? WEB_HASHING
  let buffer: DownloadBuffer | undefined
  const started = download(ports, remoteKey, { signal: stop.signal, ...(onProgress ? { onProgress } : {}) }).then(
    (running) => {
      buffer = bufferDownload(running, partSize)
      return { running, buffer }
    },
  )
  let cancelled: Promise<void> | undefined
  // A part that is being written to disk when the last reader leaves is still completed.
  const kept = started
    .then(async ({ running }) => ({ content: await running.kept, source: running.source }))
    .finally(() => cancelled)
  kept.catch(() => {}).finally(onEnd)

  let readers = 0
  return {
    kept,
    get received() {
      return buffer?.received ?? 0
    },
    async join() {
      readers++
      let left = false
      const leave = () => {
        if (left) return
        left = true
        if (--readers > 0) return
        onEnd?.()
        cancelled = started.then(
          ({ buffer }) => buffer.cancel(),
          () => {},
        )
        stop.abort()
      }
      try {
        const { running, buffer } = await started
        const { size } = running
        const source = { buffer, ports, remoteKey, size, partSize }
        return { size, leave, read: (span) => readSpan(source, span, leave) }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}

/** The newest bytes of a download, buffered in memory. */
interface DownloadBuffer {
  /** number of bytes received, from the start of the content */
  readonly received: number
  /** Fetches more, once for all waiting readers. @returns false at the verified end. @throws the download's error */
  more(): Promise<boolean>
  /** The buffered chunk from `at` on; undefined when `at` is not buffered. */
  from(at: number): Uint8Array<ArrayBuffer> | undefined
  /** Ends the download, unless it has ended. */
  cancel(): Promise<void>
}

const bufferDownload = (running: Download, partSize: number): DownloadBuffer => {
  const source = running.stream.getReader()
  let chunks: { readonly start: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = []
  let received = 0
  let pulling: Promise<boolean> | undefined

  const pull = async () => {
    const { done, value } = await source.read()
    if (done) return false
    chunks.push({ start: received, bytes: value })
    received += value.length
    // Three parts may still be being written; earlier ones are on disk.
    const oldest = (Math.ceil(received / partSize) - 3) * partSize
    if (chunks[0]!.start < oldest) chunks = chunks.filter(({ start }) => start >= oldest)
    return true
  }

  return {
    get received() {
      return received
    },
    more: () =>
      (pulling ??= pull().finally(() => {
        pulling = undefined
      })),
    from(at) {
      const chunk = chunks.find(({ start, bytes }) => start <= at && at < start + bytes.length)
      return chunk?.bytes.subarray(at - chunk.start)
    },
    cancel: () => source.cancel().catch(() => {}),
  }
}

/** Bytes read from disk at a time. */
const DISK_CHUNK = 1024 * 1024

/** Sources of a span's bytes. */
interface SpanSource {
  readonly buffer: DownloadBuffer
  readonly ports: DownloadPorts & { readonly blobs: BlobStore }
  readonly remoteKey: RemoteKey
  /** bytes of the whole content */
  readonly size: number
  readonly partSize: number
}

const readSpan = (source: SpanSource, span: ByteSpan, leave: () => void): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const { buffer, size, partSize } = source
  let at = span.start
  // The last bytes of a span wait until their part was verified: wrong bytes end in an error, never in a clean end.
  const verifiedAt = Math.min(size, Math.ceil(span.end / partSize) * partSize)
  const more = async (): Promise<void> => {
    if (await buffer.more()) return
    // Its last reader has left: a cancelled stream ends as if it were complete.
    throw new RockpoolError('aborted', 'The download of this file was stopped. Open it again.')
  }
  /** the rest of the span, once it comes past the shared download */
  let rest: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  const bytesFrom = async (at: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (!rest) {
      const shared = buffer.from(at) ?? (await readDisk(source, at))
      if (shared) return shared
      rest = (await fetchRest(source, { start: at, end: span.end })).getReader()
    }
    const { value } = await rest.read()
    if (value) return value
    throw new RockpoolError('offline', 'The connection ended before the file was complete. Open it again.')
  }
  const end = (): void => {
    leave()
    void rest?.cancel().catch(() => {}) // a stream that failed has told its reader
  }
  const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    while (at >= buffer.received && at < span.end) await more()
    if (at < span.end) {
      const bytes = (await bytesFrom(at)).subarray(0, span.end - at)
      if (at + bytes.length === span.end) while (buffer.received < verifiedAt) await more()
      return bytes
    }
    // A reader to the very end waits until the content is verified and kept.
    if (span.end === size) while (await buffer.more()) continue
    return undefined
  }
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const bytes = await next()
          if (!bytes) {
            end()
            return controller.close()
          }
          at += bytes.length
          controller.enqueue(bytes)
        } catch (error) {
          end()
          controller.error(error)
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

/** @returns undefined when the part is not on disk, or cannot be read */
const readDisk = async (
  { ports, remoteKey, partSize }: SpanSource,
  at: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const number = Math.floor(at / partSize)
  const start = at - number * partSize
  const part = await ports.blobs.openPart(addressOfKey(remoteKey), number + 1)
  const bytes = await readPart(part?.slice(start, start + DISK_CHUNK))
  return bytes && bytes.length > 0 ? bytes : undefined
}

/** What the download has passed on before, and the disk did not take. Verified, part by part. */
const fetchRest = async (
  { ports, remoteKey, size }: SpanSource,
  span: ByteSpan,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> => {
  const options = { size, verify: 'always', keep: true, evenIfNearlyWhole: true } as const
  const range = await downloadRange(ports, remoteKey, span, options)
  if (range) return range.stream
  throw new RockpoolError(
    'disk_failed',
    'This device could not store the start of the file. Free some space and open it again.',
  )
}
