/** Reads the body of a response in chunks of a size that the caller chooses. */
import { RockpoolError } from '@rockpool/protocol'
import { reach } from './http.ts'

export interface ByteReader {
  /**
   * @returns 1 to `max` bytes, in memory that the next call overwrites; undefined at the end
   * @throws RockpoolError `offline` when the body breaks, `aborted`
   */
  next(max: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  cancel(): Promise<void>
}

/** Bytes of the memory that a body is read into. */
const CHUNK = 1024 * 1024

/** @param inTime fails a read that takes too long */
export const byteReader = (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { signal, inTime }: { readonly signal: AbortSignal; readonly inTime: <A>(work: Promise<A>) => Promise<A> },
): ByteReader => {
  const source = streamReader(stream)
  let left = new Uint8Array(0)
  return {
    async next(max) {
      while (left.length === 0) {
        const bytes = await reach(() => inTime(source.read(Math.min(max, CHUNK))), signal)
        if (!bytes) return undefined
        left = bytes
      }
      const taken = left.subarray(0, max)
      left = left.subarray(max)
      return taken
    },
    cancel: () => source.cancel().catch(() => {}), // a body that already failed has nothing left to cancel
  }
}

interface StreamReader {
  /** @param max a hint; undefined at the end */
  read(max: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  cancel(): Promise<void>
}

/**
 * Reads into the same memory again and again where the stream is a byte stream: in Chromium and Firefox the browser's own chunks, in
 * fresh memory, take half as long again. WebKit's bodies are no byte streams.
 */
const streamReader = (stream: ReadableStream<Uint8Array<ArrayBuffer>>): StreamReader => {
  let reader: ReadableStreamBYOBReader
  try {
    reader = stream.getReader({ mode: 'byob' })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const reader = stream.getReader()
    return { read: async () => (await reader.read()).value, cancel: () => reader.cancel() }
  }
  let memory = new ArrayBuffer(0)
  return {
    async read(max) {
      if (memory.byteLength < max) memory = new ArrayBuffer(max)
      const { done, value } = await reader.read(new Uint8Array(memory))
      if (value) memory = value.buffer
      return done ? undefined : value
    },
    cancel: () => reader.cancel(),
  }
}

/** Bytes that have been read already. */
export const bytesReader = (bytes: Uint8Array<ArrayBuffer>): ByteReader => {
  let at = 0
  return {
    async next(max) {
      const taken = bytes.subarray(at, at + max)
      at += taken.length
      return taken.length > 0 ? taken : undefined
    },
    cancel: async () => {},
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

/**
 * The whole body, or undefined when it has more than `max` bytes. Stops at the first excess byte: a server may send endlessly.
 */
export const readUpTo = async (body: ByteReader, max: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  try {
    for (;;) {
      const next = await body.next(max - length + 1)
      if (!next) return joined(chunks, length)
      length += next.length
      if (length > max) return undefined
      chunks.push(next.slice())
    }
  } finally {
    await body.cancel()
  }
}

const joined = (chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
