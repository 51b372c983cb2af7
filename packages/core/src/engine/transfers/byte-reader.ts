/** Reads the body of a response in chunks of a size that the caller chooses. */
import { RockpoolError } from '@rockpool/protocol'
import { reach } from './http.ts'

export interface ByteReader {
  /** @returns 1 to `max` bytes; undefined at the end. @throws RockpoolError `offline` when the body breaks, `aborted` */
  next(max: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  cancel(): Promise<void>
}

export const byteReader = (stream: ReadableStream<Uint8Array<ArrayBuffer>>, signal?: AbortSignal): ByteReader => {
  const reader = stream.getReader()
  let left = new Uint8Array(0)
  return {
    async next(max) {
      while (left.length === 0) {
        const { done, value } = await reach(() => reader.read(), signal)
        if (done) return undefined
        left = value
      }
      const taken = left.subarray(0, max)
      left = left.subarray(max)
      return taken
    },
    cancel: () => reader.cancel().catch(() => {}), // a body that already failed has nothing left to cancel
  }
}

/** As {@link ByteReader.next}, for a body that must not end yet. @throws RockpoolError `offline` at the end */
export const read = async (body: ByteReader, max: number): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = await body.next(max)
  if (bytes) return bytes
  throw new RockpoolError(
    'offline',
    'The connection ended before the file was complete. The download resumes from there.',
  )
}

/** The body if it has exactly `length` bytes, else undefined. Stops at the first excess byte: a server may send endlessly. */
export const readExactly = async (body: ByteReader, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const bytes = new Uint8Array(length)
  let filled = 0
  try {
    for (;;) {
      const next = await body.next(length - filled + 1)
      if (!next) return filled === length ? bytes : undefined
      if (filled + next.length > length) return undefined
      bytes.set(next, filled)
      filled += next.length
    }
  } finally {
    await body.cancel()
  }
}
