/** Stores bytes under a key, hashed on their way, in constant memory. */
import {
  addressOfDigests,
  type ArtifactKey,
  type ContentAddress,
  intoParts,
  isMediaType,
  MAX_PARTS,
  sha256,
} from '@rockpool/protocol'
import { storedAddress } from './address-of-stored.ts'
import { concat } from './chunks.ts'
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

/** The next part of the source. @throws ArtifactError `source_failed`, `aborted` */
type NextPart = (signal: AbortSignal | undefined) => Promise<IteratorResult<Part, void>>

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
  const next: NextPart = (signal) => untilAborted(parts.next(), signal)
  try {
    // An empty source is one empty part.
    const first = (await next(signal)).value!
    const second = await next(signal)
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
  const release = await window.acquire(signal)
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

const putParts = async (put: Put, first: readonly Part[], next: NextPart): Promise<StoredContent> => {
  const { storage, key, type, precondition, signal } = put
  const digests: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const addDigest = async (bytes: Part) => {
    if (digests.length === MAX_PARTS) throw new ArtifactError('too_large', 'An artifact has at most 78 GiB. Split it.')
    const index = digests.push(new Uint8Array()) - 1
    size += bytes.length
    const digest = await sha256(bytes)
    digests[index] = digest
    return { number: index + 1, digest }
  }
  const parts = async function* (signal: AbortSignal | undefined) {
    yield* first
    for (let part = await next(signal); !part.done; part = await next(signal)) yield part.value
  }
  const content = async () => ({ size, type, address: await addressOfDigests(concat(digests)) })

  // Before the bytes travel: vendors compare the precondition when the upload is completed, if at all.
  const present = precondition === 'absent' ? await headOrNone(storage, key, signal) : undefined
  if (present) {
    for await (const part of parts(signal)) await addDigest(part)
    return requireSame(storage, key, present, await content(), signal)
  }
  const uploadId = await storage.startUpload(key, type, signal)
  try {
    const uploaded = await sendParts(put, uploadId, parts, addDigest)
    const stored = await content()
    const isCompleted = await storage.completeUpload(key, uploadId, uploaded, size, precondition, signal)
    if (!isCompleted) await requireCompleted(storage, key, stored, signal)
    return stored
  } catch (error) {
    // The bucket's rule for unfinished uploads removes what this cannot: the first error is the one to report.
    const removal = storage.abortUpload(key, uploadId).catch(() => {})
    // A store that hangs would keep a cancelled call from returning.
    if (signal?.aborted !== true) await removal
    if (precondition === undefined || !isArtifactError(error, 'changed')) throw error
    return requireSame(storage, key, await storage.head(key, signal), await content(), signal)
  }
}

/** Sends the parts as the window allows. One part is read while others travel. The first failure ends all of them. */
const sendParts = async (
  { storage, window, key, signal }: Put,
  uploadId: string,
  parts: (signal: AbortSignal) => AsyncIterable<Part>,
  addDigest: (bytes: Part) => Promise<{ readonly number: number; readonly digest: Uint8Array<ArrayBuffer> }>,
): Promise<UploadedPart[]> => {
  const failed = new AbortController()
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const uploaded: UploadedPart[] = []
  const underWay = new Set<Promise<void>>()
  const send = async (bytes: Part, release: () => void): Promise<void> => {
    try {
      const { number, digest } = await addDigest(bytes)
      uploaded[number - 1] = await storage.uploadPart(key, uploadId, number, bytes, digest, either)
    } catch (error) {
      failed.abort(error)
    } finally {
      release()
    }
  }
  try {
    for await (const part of parts(either)) {
      const release = await window.acquire(either)
      const sending = send(part, release).finally(() => underWay.delete(sending))
      underWay.add(sending)
    }
  } catch (error) {
    failed.abort(error)
  }
  await Promise.all(underWay)
  // Only the first failure: those that follow are its consequence.
  if (failed.signal.aborted) throw failed.signal.reason
  return uploaded
}

/**
 * Fails unless the bytes that were sent are there: an upload that the store does not know any more is completed, or
 * discarded.
 *
 * @throws ArtifactError `unavailable`
 */
const requireCompleted = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  content: StoredContent,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const present = await headOrNone(storage, key, signal)
  if (present && (await isSame(storage, key, present, content, signal))) return
  throw new ArtifactError('unavailable', 'The store has discarded the upload. Write the artifact again.')
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

/** Reads the bytes when the store does not know their address. */
const isSame = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  present: StoredObject,
  content: StoredContent,
  signal: AbortSignal | undefined,
): Promise<boolean> =>
  present.size === content.size && (await storedAddress(storage, key, present, signal)) === content.address

/** What is there, when it has the same bytes. @throws ArtifactError `already_exists` */
const requireSame = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  present: StoredObject,
  content: StoredContent,
  signal: AbortSignal | undefined,
): Promise<StoredContent> => {
  if (await isSame(storage, key, present, content, signal)) return { ...content, type: present.type }
  throw new ArtifactError(
    'already_exists',
    `${key} exists and has other bytes. Choose another name, or pass replace: true when the stage is meant to write it again.`,
  )
}
