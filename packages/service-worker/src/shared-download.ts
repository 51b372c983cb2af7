import type { BlobStore } from '@rockpool/core'
import { type Download, download, type DownloadPorts } from '@rockpool/core/transfers'
import {
  addressOfKey,
  type ByteSpan,
  type ContentDigest,
  type RemoteKey,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'

/** A place in a download. Give it back by `read`, whose stream does it at its end, or by `leave`. */
export interface Seat {
  /** bytes of the whole content */
  readonly size: number
  /** Bytes as they arrive; those before, from memory or disk. */
  read(span: ByteSpan): ReadableStream<Uint8Array<ArrayBuffer>>
  leave(): void
}

/** A content that is on disk, verified. */
export interface KeptContent {
  readonly content: ContentDigest
  readonly source: Download['source']
}

/** One download of one content, for all who ask for it while it runs. */
export interface SharedDownload {
  /** @throws RockpoolError as `download` does */
  join(): Promise<Seat>
  /** Resolves when the content is on disk, verified. Rejects when the download failed, or its last reader left. */
  readonly kept: Promise<KeptContent>
}

/**
 * Starts a download that is driven by its readers: whoever has read all there is fetches the next bytes, for all. So
 * a reader that stands still (a paused video) holds up nobody, and nothing is fetched that nobody reads. Memory holds
 * two parts at most (16 MiB); a reader that is further behind reads from disk, where those bytes are by then.
 *
 * @param options.onEnd called when nobody shall join any more; more than once, perhaps
 */
export const shareDownload = (
  ports: DownloadPorts & { readonly blobs: BlobStore },
  remoteKey: RemoteKey,
  options: { readonly onProgress?: (bytes: number, total: number) => void; readonly onEnd?: () => void } = {},
): SharedDownload => {
  const stop = new AbortController()
  const { onProgress, onEnd } = options
  const { partSize } = ports.hashing ?? WEB_HASHING
  const started = download(ports, remoteKey, { signal: stop.signal, ...(onProgress ? { onProgress } : {}) }).then(
    (running) => ({ running, arrivals: arrivalsOf(running, partSize) }),
  )
  let cancelled: Promise<void> | undefined
  // A part that is on its way to disk when the last reader leaves still gets there.
  const kept = started
    .then(async ({ running }) => ({ content: await running.kept, source: running.source }))
    .finally(() => cancelled)
  kept.catch(() => {}).finally(onEnd)

  let seats = 0
  return {
    kept,
    async join() {
      seats++
      let left = false
      const leave = () => {
        if (left) return
        left = true
        if (--seats > 0) return
        onEnd?.()
        cancelled = started.then(
          ({ arrivals }) => arrivals.cancel(),
          () => {},
        )
        stop.abort()
      }
      try {
        const { running, arrivals } = await started
        const { size } = running
        const source = { arrivals, blobs: ports.blobs, remoteKey, size, partSize }
        return { size, leave, read: (span) => readSpan(source, span, leave) }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}

/** The newest bytes of a download, in memory. */
interface Arrivals {
  /** bytes that have arrived, from the start of the content */
  readonly arrived: number
  /** Fetches more, once for all who wait. @returns false at the verified end. @throws what the download failed with */
  more(): Promise<boolean>
  /** The bytes from `at` on that are in memory in one piece. */
  from(at: number): Uint8Array<ArrayBuffer> | undefined
  /** Ends the download, unless it has ended. */
  cancel(): Promise<void>
}

const arrivalsOf = (running: Download, partSize: number): Arrivals => {
  const source = running.stream.getReader()
  let chunks: { readonly start: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = []
  let arrived = 0
  let pulling: Promise<boolean> | undefined

  const pull = async () => {
    const { done, value } = await source.read()
    if (done) return false
    chunks.push({ start: arrived, bytes: value })
    arrived += value.length
    // The part before the current one may be on its way to disk; the ones before that are there.
    const oldest = (Math.floor(arrived / partSize) - 1) * partSize
    if (chunks[0]!.start < oldest) chunks = chunks.filter(({ start }) => start >= oldest)
    return true
  }

  return {
    get arrived() {
      return arrived
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

/** Where the bytes of a span come from. */
interface SpanSource {
  readonly arrivals: Arrivals
  readonly blobs: BlobStore
  readonly remoteKey: RemoteKey
  /** bytes of the whole content */
  readonly size: number
  readonly partSize: number
}

const readSpan = (source: SpanSource, span: ByteSpan, leave: () => void): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const { arrivals, size, partSize } = source
  let at = span.start
  // The end of a span waits until the part it lies in was verified: wrong bytes end in an error, never in a clean end.
  const verifiedAt = Math.min(size, Math.ceil(span.end / partSize) * partSize)
  const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    while (at >= arrivals.arrived && at < span.end) await arrivals.more()
    if (at < span.end) {
      const bytes = (arrivals.from(at) ?? (await fromDisk(source, at))).subarray(0, span.end - at)
      if (at + bytes.length === span.end) while (arrivals.arrived < verifiedAt) await arrivals.more()
      return bytes
    }
    // Whoever reads to the very end sees it verified and kept.
    if (span.end === size) while (await arrivals.more()) continue
    return undefined
  }
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const bytes = await next()
          if (!bytes) {
            leave()
            return controller.close()
          }
          at += bytes.length
          controller.enqueue(bytes)
        } catch (error) {
          leave()
          controller.error(error)
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}

const fromDisk = async ({ blobs, remoteKey, partSize }: SpanSource, at: number): Promise<Uint8Array<ArrayBuffer>> => {
  const number = Math.floor(at / partSize)
  const start = at - number * partSize
  const part = await blobs.openPart(addressOfKey(remoteKey), number + 1)
  const bytes = await part?.slice(start, start + DISK_CHUNK).arrayBuffer()
  if (!bytes || bytes.byteLength === 0) {
    throw new RockpoolError(
      'disk_failed',
      'This device could not keep the start of the file. Free some space and open it again.',
    )
  }
  return new Uint8Array(bytes)
}
