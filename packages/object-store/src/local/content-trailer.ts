/**
 * Identifies a content file, in a trailer after its bytes: the key and type that it was written for, its digest, its place in an
 * upload. Readers read spans and never see it. The index can be rebuilt from the trailers alone.
 *
 * Layout: JSON in UTF-8, its length as 32-bit big endian, eight bytes of magic. It is written last, so a file with a trailer is
 * complete.
 */
import type { FileHandle } from 'node:fs/promises'

export interface ContentIdentity {
  readonly key: string
  readonly type: string
  /** bytes of content in this file */
  readonly size: number
  /** of these bytes, hex */
  readonly sha256: string
  /** unix ms */
  readonly writtenAt: number
  /** of a part of an upload */
  readonly part?: { readonly uploadId: string; readonly number: number }
}

const MAGIC = Buffer.from('rockpool')
/** bytes of length and magic */
const END_SIZE = 4 + MAGIC.length
/** More than a key of 1,024 bytes and a type can take as JSON. */
const MAX_JSON_SIZE = 16 * 1024

export const encodeTrailer = (identity: ContentIdentity): Uint8Array<ArrayBuffer> => {
  const json = Buffer.from(JSON.stringify(identity))
  const end = Buffer.alloc(4)
  end.writeUInt32BE(json.length)
  return new Uint8Array(Buffer.concat([json, end, MAGIC]))
}

/** Reads the trailer of a file of `length` bytes; undefined when there is none, or it does not match the file. */
export const readTrailer = async (handle: FileHandle, length: number): Promise<ContentIdentity | undefined> => {
  if (length < END_SIZE) return undefined
  const end = await readAt(handle, length - END_SIZE, END_SIZE)
  if (!end.subarray(4).equals(MAGIC)) return undefined
  const jsonSize = end.readUInt32BE()
  if (jsonSize > MAX_JSON_SIZE || jsonSize > length - END_SIZE) return undefined
  const identity = parse((await readAt(handle, length - END_SIZE - jsonSize, jsonSize)).toString())
  return identity?.size === length - END_SIZE - jsonSize ? identity : undefined
}

const parse = (text: string): ContentIdentity | undefined => {
  try {
    const { key, type, size, sha256, writtenAt, part } = JSON.parse(text) as Record<string, unknown>
    const isIdentity =
      typeof key === 'string' &&
      typeof type === 'string' &&
      Number.isSafeInteger(size) &&
      /^[0-9a-f]{64}$/.test(String(sha256)) &&
      Number.isSafeInteger(writtenAt) &&
      (part === undefined || isPart(part))
    if (!isIdentity) return undefined
    return { key, type, size, sha256, writtenAt, ...(part !== undefined && { part }) } as ContentIdentity
  } catch {
    // Bytes that only end like a trailer.
    return undefined
  }
}

const isPart = (value: unknown): boolean => {
  const { uploadId, number } = (value ?? {}) as Record<string, unknown>
  return typeof uploadId === 'string' && Number.isSafeInteger(number)
}

const readAt = async (handle: FileHandle, at: number, size: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(size)
  let read = 0
  while (read < size) {
    const { bytesRead } = await handle.read(buffer, read, size - read, at + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return buffer.subarray(0, read)
}
