/** The pieces of content between a download, which fills them, and its reader. Bounds how far the download is ahead. */

import { mismatch } from './download-errors.ts'

/** Three parts of 8 MiB: one arrives, one is hashed, one is written. A reader that stands, such as a paused video, costs one. */
export const MAX_PIECES = 3

/** Bytes that the reader gets at most at a time: each chunk costs its streams the same, large or small. */
const MAX_CHUNK = 1024 * 1024

export interface PieceBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** number of bytes that have arrived */
  filled: number
  /** Settles when the digest of the bytes was compared. Set before the last byte is announced; not for a slice of a part. */
  verified?: Promise<void>
}

export interface PieceWindow {
  /** Waits until there is room for one more piece. @returns false when the reader has left */
  room(): Promise<boolean>
  /** Memory for a piece, with any content: that of an earlier piece if it has this length, since fresh memory is slow. */
  allocate(length: number): Uint8Array<ArrayBuffer>
  /** Adds the next piece: its memory, and how much of it is there already. */
  add(bytes: Uint8Array<ArrayBuffer>, filled?: number): PieceBuffer
  /** More bytes of a piece have arrived. */
  grow(buffer: PieceBuffer, bytes: number): void
  /** The disk needs the bytes of the piece no longer. Its memory is free once it was read, too. */
  release(buffer: PieceBuffer): void
  /** The reader gets this error after what has arrived. */
  fail(error: unknown): void
  /**
   * Bytes `start` to `end` of the next piece as they arrive. The last chunk waits until the whole piece was verified.
   *
   * @param isWithheld the first chunk waits, too
   */
  take(start: number, end: number, isWithheld?: boolean): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>
  /** The reader leaves. */
  close(): void
}

export const pieceWindow = (): PieceWindow => {
  const unread: PieceBuffer[] = []
  /** pieces that the disk still needs */
  const kept = new Set<PieceBuffer>()
  /** memory of pieces that neither the reader nor the disk needs */
  let free: Uint8Array<ArrayBuffer>[] = []
  let read = 0
  let isClosed = false
  let failure: { readonly error: unknown } | undefined
  let changed = Promise.withResolvers<void>()
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }

  const recycle = (buffer: PieceBuffer): void => {
    if (!kept.has(buffer) && !unread.includes(buffer)) free.push(buffer.bytes)
    notify()
  }

  const arrived = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) {
      if (failure) throw failure.error
      await changed.promise
    }
  }

  return {
    async room() {
      const isFull = () => new Set([...unread, ...kept]).size >= Math.min(MAX_PIECES, 1 + read)
      while (!isClosed && isFull()) await changed.promise
      return !isClosed
    },
    allocate(length) {
      const bytes = free.find((bytes) => bytes.length === length) ?? new Uint8Array(length)
      free = free.filter((other) => other !== bytes && other.length === length)
      return bytes
    },
    add(bytes, filled = 0) {
      const buffer: PieceBuffer = { bytes, filled }
      unread.push(buffer)
      kept.add(buffer)
      notify()
      return buffer
    },
    grow(buffer, bytes) {
      buffer.filled += bytes
      notify()
    },
    release(buffer) {
      if (kept.delete(buffer)) recycle(buffer)
    },
    fail(error) {
      failure = { error }
      notify()
    },
    async *take(start, end, isWithheld = false) {
      await arrived(() => unread.length > 0)
      const buffer = unread[0]!
      const { bytes } = buffer
      if (end > bytes.length) throw mismatch()
      let at = start
      do {
        await arrived(() => buffer.filled > at || buffer.filled === bytes.length)
        const to = Math.min(buffer.filled, end, at + MAX_CHUNK)
        if (isWithheld || to === end) {
          await arrived(() => buffer.filled === bytes.length)
          await buffer.verified
        }
        // A copy: the reader may change or transfer its chunk, and the part is still hashed and written.
        if (to > at) yield bytes.slice(at, to)
        at = to
      } while (at < end)
      unread.shift()
      read++
      recycle(buffer)
    },
    close() {
      isClosed = true
      notify()
    },
  }
}
