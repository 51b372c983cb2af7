/** An object store in memory, for tests and simulations: what it does depends on its arguments alone. */
import { createHash } from 'node:crypto'
import { type ByteSpan, type ContentAddress, equalBytes, OCTET_STREAM, resolveRange, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { ObjectStoreError } from '../errors.ts'
import { exactBody, orDiscard, throwIfAborted } from '../exact-body.ts'
import { localSigning } from '../local-signing.ts'
import { sanitizeKey, sanitizePrefix } from '../object-key.ts'
import type { ObjectBody, ObjectInfo, ObjectStore } from '../object-store.ts'
import { memoryMultipart } from './memory-multipart.ts'

export interface MemoryStoreOptions {
  /** where the signer can be reached from outside: signed URLs are `<publicBaseUrl>/objects/<key>` */
  readonly publicBaseUrl: string
  /** the HMAC key of signed URLs; give `verifyLocalUrl` the same */
  readonly secret: string
  /** unix ms; the system's unless set */
  readonly now?: () => number
  /** a new id for each upload in parts; a random UUID unless set */
  readonly newId?: () => string
}

export interface MemoryObject {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly address: ContentAddress
  /** unix ms */
  readonly modifiedAt: number
}

export interface MemoryStore extends ObjectStore {
  readonly mode: 'local'
  /** what there is, by key; delete one to lose it */
  readonly objects: Map<string, MemoryObject>
}

/** Bytes in one chunk of a body that is read. */
const CHUNK = 64 * 1024

/** Opens an empty store. It counts as `local`: the signer serves the URLs that it signs. */
export const memoryStore = (options: MemoryStoreOptions): MemoryStore => {
  const { publicBaseUrl, secret, now = Date.now, newId = () => crypto.randomUUID() } = options
  const objects = new Map<string, MemoryObject>()
  let isOpen = true

  const run = async <A>(signal: AbortSignal | undefined, call: () => A | Promise<A>): Promise<A> => {
    throwIfAborted(signal)
    if (!isOpen) throw new ObjectStoreError('unavailable', 'This object store has been closed.')
    return call()
  }

  const { signPut, signGet, signPart } = localSigning({ publicBaseUrl, secret, now, run })

  const find = (rawKey: string): readonly [key: string, object: MemoryObject] => {
    const key = sanitizeKey(rawKey)
    const object = objects.get(key)
    if (!object) throw new ObjectStoreError('not_found', 'There is no object of this key.')
    return [key, object]
  }

  return {
    mode: 'local',
    integrity: 'checksum',
    objects,

    put: (rawKey, body, { size, type = OCTET_STREAM, sha256, ifNoneMatch, ifMatch, signal }) =>
      orDiscard(
        body,
        run(signal, async () => {
          const key = sanitizeKey(rawKey)
          check.checkSize(size)
          check.checkType(type)
          if (sha256) check.checkDigest(sha256)
          const requirePrecondition = () => {
            const object = objects.get(key)
            check.checkPrecondition({ ifNoneMatch, ifMatch }, object && `"${object.address}"`)
          }
          requirePrecondition()
          const { bytes, digest } = await readBody(body, size, sha256, signal)
          // Again: of several writers at once only one may pass.
          requirePrecondition()
          const address = toHex(digest) as ContentAddress
          objects.set(key, { bytes, type, address, modifiedAt: now() })
          return { etag: `"${address}"`, durable: true }
        }),
      ),

    get: (rawKey, { range, signal } = {}) =>
      run(signal, () => {
        const [key, object] = find(rawKey)
        const { length } = object.bytes
        const span = resolveRange(range, length)
        if (!span) {
          throw new ObjectStoreError('range_not_satisfiable', `The object has ${length} bytes, none of that range.`)
        }
        return { info: toInfo(key, object), span, body: streamOf(object.bytes, span) }
      }),

    head: (key, { signal } = {}) => run(signal, () => toInfo(...find(key))),

    exists: (key, { signal } = {}) => run(signal, () => objects.has(sanitizeKey(key))),

    delete: (key, { signal, before } = {}) =>
      run(signal, () => {
        check.checkInTime(before)
        objects.delete(sanitizeKey(key))
      }),

    list: (rawPrefix, { cursor, limit = check.MAX_PAGE, signal } = {}) =>
      run(signal, () => {
        const prefix = sanitizePrefix(rawPrefix)
        check.checkLimit(limit)
        const keys = [...objects.keys()]
          .filter((key) => key.startsWith(prefix) && (cursor === undefined || compareUtf8(key, cursor) > 0))
          .toSorted(compareUtf8)
        const page = keys.slice(0, limit)
        return {
          objects: page.map((key) => {
            const { bytes, modifiedAt, address } = objects.get(key)!
            return { key, size: bytes.length, modifiedAt, etag: `"${address}"` }
          }),
          ...(keys.length > limit ? { cursor: page.at(-1)! } : {}),
        }
      }),

    copy: (from, to, { signal } = {}) =>
      run(signal, () => {
        const target = sanitizeKey(to)
        const [key, object] = find(from)
        if (key !== target) objects.set(target, { ...object, modifiedAt: now() })
      }),

    signPut,
    signGet,

    multipart: memoryMultipart({ objects, run, signPart, now, newId }),

    checkHealth: async ({ signal } = {}) => {
      const error = await run(signal, () => undefined).catch((failure: Error) => failure.message)
      return {
        ok: error === undefined,
        mode: 'local',
        integrity: 'checksum',
        latencyMs: 0,
        ...(error !== undefined && { error }),
      }
    },

    close: async () => void (isOpen = false),
  }
}

/** @throws ObjectStoreError what `put` throws for a body */
export const readBody = async (
  body: ObjectBody,
  size: number,
  sha256: Uint8Array | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: Uint8Array<ArrayBuffer> }> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for await (const chunk of exactBody(body, size, signal)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  const digest = new Uint8Array(createHash('sha256').update(bytes).digest())
  if (sha256 && !equalBytes(digest, sha256)) {
    throw new ObjectStoreError('digest_mismatch', 'The body is not the one whose SHA-256 was announced.')
  }
  return { bytes, digest }
}

const streamOf = (
  bytes: Uint8Array<ArrayBuffer>,
  { start, end }: ByteSpan,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let at = start
  return new ReadableStream(
    {
      pull(controller) {
        if (at === end) return controller.close()
        const chunk = bytes.slice(at, Math.min(at + CHUNK, end))
        at += chunk.length
        controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
}

/** The order of S3, which is that of code points; strings compare by UTF-16 code units. */
const compareUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const toInfo = (key: string, { bytes, type, address, modifiedAt }: MemoryObject): ObjectInfo => ({
  key,
  size: bytes.length,
  type,
  etag: `"${address}"`,
  modifiedAt,
  address,
  durable: true,
})
