/** Stores bytes under a key, hashed on their way, in constant memory. */
import {
  addressOfDigests,
  type ArtifactKey,
  type ContentAddress,
  DIGEST_SIZE,
  intoParts,
  isMediaType,
  MAX_PARTS,
  sha256,
} from '@rockpool/protocol'
import { storedAddress } from './address-of-stored.ts'
import { ArtifactError, isArtifactError } from './errors.ts'
import { type ArtifactSource, chunksOf } from './source.ts'
import type { ArtifactStorage, Precondition, StoredObject, UploadedPart } from './storage/storage.ts'
import { untilAborted } from './until-aborted.ts'
import type { Window } from './window.ts'

export interface PutOptions {
  /** media type; from the name's extension when not given */
  readonly type?: string | undefined
  /** replace what is there, also other bytes: for a stage that is run again and does not repeat itself exactly */
  readonly replace?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface StoredContent {
  /** bytes */
  readonly size: number
  readonly type: string
  readonly address: ContentAddress
}

interface Put {
  readonly storage: ArtifactStorage
  readonly window: Window
  readonly key: ArtifactKey
  readonly type: string
  readonly precondition: Precondition
  readonly signal: AbortSignal | undefined
}

type Part = Uint8Array<ArrayBuffer>

/**
 * Up to one part (8 MiB) goes in one request, more as an upload in parts. The same bytes a second time are no error: a
 * stage that died may run again.
 *
 * @throws ArtifactError `already_exists` (other bytes are there), `bad_argument`, `source_failed`, `too_large`, `aborted`,
 *   and what the storage throws. Nothing is stored then
 */
export const putArtifact = async (
  storage: ArtifactStorage,
  window: Window,
  key: ArtifactKey,
  source: ArtifactSource,
  { type, replace = false, signal }: PutOptions & { readonly type: string },
): Promise<StoredContent> => {
  if (!isMediaType(type))
    throw new ArtifactError('bad_argument', `"${type.slice(0, 100)}" is no media type. Pass one such as video/mp4.`)
  const put: Put = { storage, window, key, type, precondition: replace ? undefined : 'absent', signal }
  const parts = intoParts(chunksOf(source))
  const next = () => untilAborted(parts.next(), signal)
  try {
    // An empty source is one empty part.
    const first = (await next()).value!
    const second = await next()
    return second.done ? await putWhole(put, first) : await putParts(put, [first, second.value], next)
  } finally {
    // Closes the source. Not awaited: one that hangs would keep a cancelled call from returning, and has nothing to say.
    parts.return().catch(() => {})
  }
}

const putWhole = async (
  { storage, window, key, type, precondition, signal }: Put,
  bytes: Part,
): Promise<StoredContent> => {
  const digest = await sha256(bytes)
  const content = { size: bytes.length, type, address: await addressOfDigests(digest) }
  const release = await window.acquire()
  try {
    await storage.write(key, bytes, { type, sha256: digest, precondition }, signal)
    return content
  } catch (error) {
    if (precondition === undefined || !isArtifactError(error, 'changed')) throw error
    return await requireSame(storage, key, await storage.head(key, signal), content, signal)
  } finally {
    release()
  }
}

const putParts = async (
  put: Put,
  first: readonly Part[],
  next: () => Promise<IteratorResult<Part, void>>,
): Promise<StoredContent> => {
  const { storage, key, type, precondition, signal } = put
  const digests: Uint8Array[] = []
  let size = 0
  const addDigest = async (bytes: Part) => {
    if (digests.length === MAX_PARTS) throw new ArtifactError('too_large', 'An artifact has at most 78 GiB. Split it.')
    const index = digests.push(new Uint8Array()) - 1
    size += bytes.length
    const digest = await sha256(bytes)
    digests[index] = digest
    return { number: index + 1, digest }
  }
  const parts = async function* () {
    yield* first
    for (let part = await next(); !part.done; part = await next()) yield part.value
  }
  const content = async () => {
    const list = new Uint8Array(digests.length * DIGEST_SIZE)
    for (const [i, digest] of digests.entries()) list.set(digest, i * DIGEST_SIZE)
    return { size, type, address: await addressOfDigests(list) }
  }

  // Before the bytes travel: vendors compare the precondition when the upload is completed, if at all.
  const present = precondition === 'absent' ? await headOrNone(storage, key, signal) : undefined
  if (present) {
    for await (const part of parts()) await addDigest(part)
    return requireSame(storage, key, present, await content(), signal)
  }
  const uploadId = await storage.startUpload(key, type, signal)
  try {
    const uploaded = await sendParts(put, uploadId, parts(), addDigest)
    const stored = await content()
    await storage.completeUpload(key, uploadId, uploaded, size, precondition, signal)
    return stored
  } catch (error) {
    // The bucket's rule for unfinished uploads removes what this cannot: the first error is the one to report.
    await storage.abortUpload(key, uploadId).catch(() => {})
    if (precondition === undefined || !isArtifactError(error, 'changed')) throw error
    return requireSame(storage, key, await storage.head(key, signal), await content(), signal)
  }
}

/** Sends the parts as the window allows. One part is read while others travel. */
const sendParts = async (
  { storage, window, key, signal }: Put,
  uploadId: string,
  parts: AsyncIterable<Part>,
  addDigest: (bytes: Part) => Promise<{ readonly number: number; readonly digest: Uint8Array<ArrayBuffer> }>,
): Promise<UploadedPart[]> => {
  const uploaded: UploadedPart[] = []
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const send = async (bytes: Part, release: () => void): Promise<void> => {
    try {
      const { number, digest } = await addDigest(bytes)
      uploaded[number - 1] = await storage.uploadPart(key, uploadId, number, bytes, digest, signal)
    } catch (error) {
      failure ??= { error }
    } finally {
      release()
    }
  }
  try {
    for await (const part of parts) {
      const release = await window.acquire()
      if (failure) {
        release()
        break
      }
      const sending = send(part, release).finally(() => underWay.delete(sending))
      underWay.add(sending)
    }
  } finally {
    await Promise.all(underWay)
  }
  if (failure) throw failure.error
  return uploaded
}

const headOrNone = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> => {
  try {
    return await storage.head(key, signal)
  } catch (error) {
    if (isArtifactError(error, 'not_found')) return undefined
    throw error
  }
}

/** What is there, when it has the same bytes. @throws ArtifactError `already_exists` */
const requireSame = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  present: StoredObject,
  content: StoredContent,
  signal: AbortSignal | undefined,
): Promise<StoredContent> => {
  const isSame =
    present.size === content.size && (await storedAddress(storage, key, present, signal)) === content.address
  if (isSame) return { ...content, type: present.type }
  throw new ArtifactError(
    'already_exists',
    `${key} exists and has other bytes. Choose another name, or pass replace: true when the stage is meant to write it again.`,
  )
}
