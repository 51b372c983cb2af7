/** Uploads in parts, in memory. */
import { createHash } from 'node:crypto'
import { type ContentAddress, equalBytes, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { ObjectStoreError } from '../errors.ts'
import { orDiscard } from '../exact-body.ts'
import { sanitizeKey } from '../object-key.ts'
import type { MultipartUploads, UploadedPart } from '../object-store.ts'
import { type MemoryObject, readBody } from './memory-store.ts'

/** An upload that was not completed ends after 7 days, as in the `local` store. */
const UPLOAD_LIFE_MS = 7 * 24 * 3600 * 1000

interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly sha256: Uint8Array<ArrayBuffer>
}

interface Upload {
  readonly key: string
  readonly type: string
  /** unix ms */
  readonly startedAt: number
  readonly parts: Map<number, Part>
}

export interface MemoryParts {
  readonly objects: Map<string, MemoryObject>
  readonly run: <A>(signal: AbortSignal | undefined, call: () => A | Promise<A>) => Promise<A>
  readonly signPart: MultipartUploads['signPart']
  readonly now: () => number
  readonly newId: () => string
}

export const memoryMultipart = ({ objects, run, signPart, now, newId }: MemoryParts): MultipartUploads => {
  const uploads = new Map<string, Upload>()
  const isOpen = ({ startedAt }: Upload): boolean => now() - startedAt < UPLOAD_LIFE_MS

  const find = (rawKey: string, uploadId: string): Upload => {
    const key = sanitizeKey(rawKey)
    const upload = uploads.get(uploadId)
    if (upload?.key !== key || !isOpen(upload)) {
      throw new ObjectStoreError('upload_not_found', 'There is no such upload of this key. Start a new one.')
    }
    return upload
  }

  return {
    start: (rawKey, { type, signal }) =>
      run(signal, () => {
        const key = sanitizeKey(rawKey)
        check.checkType(type)
        const id = newId()
        uploads.set(id, { key, type, startedAt: now(), parts: new Map() })
        return id
      }),

    signPart,

    putPart: (key, uploadId, number, body, { size, sha256, signal }) =>
      orDiscard(
        body,
        run(signal, async () => {
          find(key, uploadId)
          check.checkSize(size)
          check.checkDigest(sha256)
          check.checkPartNumber(number)
          const { bytes, digest } = await readBody(body, size, sha256, signal)
          const part: Part = { bytes, sha256: digest }
          // Again: it may have been completed or aborted in the meantime.
          find(key, uploadId).parts.set(number, part)
          return toUploadedPart([number, part])
        }),
      ),

    listUploads: (rawKey, { signal } = {}) =>
      run(signal, () => {
        const key = sanitizeKey(rawKey)
        return [...uploads].filter(([, upload]) => upload.key === key && isOpen(upload)).map(([id]) => id)
      }),

    listParts: (key, uploadId, { signal } = {}) => run(signal, () => inOrder(find(key, uploadId)).map(toUploadedPart)),

    complete: (rawKey, uploadId, parts, { signal } = {}) =>
      run(signal, () => {
        if (parts.length === 0) throw new ObjectStoreError('bad_request', 'An upload needs at least one part.')
        const upload = find(rawKey, uploadId)
        const present = inOrder(upload)
        requireSame(present.map(toUploadedPart), parts)
        const { key, type } = upload
        const bytes = Buffer.concat(present.map(([, part]) => part.bytes))
        const address = compositeAddress(present.map(([, { sha256 }]) => sha256))
        objects.set(key, { bytes: new Uint8Array(bytes), type, address, modifiedAt: now() })
        uploads.delete(uploadId)
        return { etag: `"${address}"`, durable: true }
      }),

    abort: (rawKey, uploadId, { signal } = {}) =>
      run(signal, () => {
        const key = sanitizeKey(rawKey)
        if (uploads.get(uploadId)?.key === key) uploads.delete(uploadId)
      }),
  }
}

const inOrder = ({ parts }: Upload): readonly (readonly [number: number, part: Part])[] =>
  [...parts].toSorted(([a], [b]) => a - b)

const toUploadedPart = ([number, { bytes, sha256 }]: readonly [number, Part]): UploadedPart => ({
  number,
  size: bytes.length,
  etag: `"${toHex(sha256)}"`,
  sha256,
})

/** S3's composite checksum; the digest of a single part stands for itself. */
const compositeAddress = (digests: readonly Uint8Array[]): ContentAddress => {
  if (digests.length === 1) return toHex(digests[0]!) as ContentAddress
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(digest)
  return `${hash.digest('hex')}-${digests.length}` as ContentAddress
}

/** @throws ObjectStoreError `conflict` unless both are the same parts in the same order */
const requireSame = (present: readonly UploadedPart[], given: readonly UploadedPart[]): void => {
  const isSame =
    present.length === given.length &&
    present.every(({ number, etag, sha256 }, i) => {
      const part = given[i]!
      return number === part.number && etag === part.etag && (!part.sha256 || equalBytes(sha256!, part.sha256))
    })
  if (!isSame) throw new ObjectStoreError('conflict', 'The parts are not there as given. List the parts again.')
}
