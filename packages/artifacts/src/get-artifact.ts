/** Reads the bytes of a reference, and hands on none that it does not prove. */
import { addressOfDigests, partCount, partRange } from '@rockpool/protocol'
import { concat, lengthOf } from './chunks.ts'
import { ArtifactError, isArtifactError } from './errors.ts'
import type { ArtifactRef } from './reference.ts'
import type { ArtifactStorage, Slice } from './storage/storage.ts'
import type { Window } from './window.ts'

/**
 * Parts that are read ahead of the consumer. One always is; more only while the window has room, and without waiting for
 * it: a consumer that stalls keeps its parts.
 */
const MAX_READ_AHEAD = 4

/**
 * The bytes as a stream that errors with `digest_mismatch` before its last part when they are not those of the reference:
 * a consumer that saw the end has the right bytes. Up to one part (8 MiB) is proved before the promise resolves.
 *
 * @throws ArtifactError `digest_mismatch`, `not_found`, and what the storage throws; also through the stream
 */
export const getArtifact = async (
  storage: ArtifactStorage,
  window: Window,
  ref: ArtifactRef,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> => {
  const count = partCount(ref.size)
  const cancelled = new AbortController()
  const either = signal ? AbortSignal.any([signal, cancelled.signal]) : cancelled.signal
  const readPart = async (number: number, etag: string | undefined): Promise<Slice> => {
    const { start, end } = partRange(ref.size, number)
    // An empty object has no range: of one byte, the store says that it has none.
    const range = { start, end: Math.max(end, start + 1) }
    const slice = await storage.read(ref.key, range, etag, either).catch((error: unknown) => {
      throw isArtifactError(error, 'changed') ? mismatch('was replaced while it was read') : error
    })
    if (slice.size !== ref.size || lengthOf(slice.chunks) !== end - start) {
      throw mismatch(`has ${slice.size} bytes instead of ${ref.size}`)
    }
    return slice
  }
  const mismatch = (problem: string) =>
    new ArtifactError('digest_mismatch', `${ref.uri} ${problem}. Ask the stage that wrote it for a new reference.`)

  const digests: Uint8Array<ArrayBuffer>[] = []
  const ahead: { readonly part: Promise<Slice>; readonly release: () => void }[] = []
  const first = await readPart(1, undefined)
  let requested = 1
  const readAhead = () => {
    while (requested < count && ahead.length < MAX_READ_AHEAD) {
      const release = ahead.length === 0 ? () => {} : window.tryAcquire()
      if (!release) return
      const part = readPart(++requested, first.etag)
      // It is awaited when its turn comes.
      part.catch(() => {})
      ahead.push({ part, release })
    }
  }
  const nextPart = async (): Promise<Slice> => {
    const { part, release } = ahead.shift()!
    return part.finally(release)
  }
  const stop = (reason?: unknown) => {
    cancelled.abort(reason)
    for (const { release } of ahead) release()
  }
  const prove = async () => {
    if ((await addressOfDigests(concat(digests))) !== ref.address) throw mismatch('has other bytes')
  }
  digests.push(first.sha256)
  if (count === 1) await prove()

  let delivered = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          readAhead()
          const part = delivered === 0 ? first : await nextPart()
          readAhead()
          if (part !== first) digests.push(part.sha256)
          if (++delivered === count && count > 1) await prove()
          for (const chunk of part.chunks) if (chunk.length > 0) controller.enqueue(chunk)
          if (delivered === count) controller.close()
        } catch (error) {
          stop()
          throw error
        }
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  )
}
