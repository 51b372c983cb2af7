/**
 * One attempt to bring a content into object storage: a plain async function, the same in a page and in a service
 * worker. The queue around it owns retry, priority and concurrency.
 */
import {
  addressParts,
  addressOfKey,
  type Hashing,
  isRockpoolError,
  partCount,
  partRange,
  type RemoteKey,
  RockpoolError,
  type SignedRequest,
  type Stored,
  toBase64,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { Signer } from '../../ports/signer.ts'
import { browserSend, refusal, type Send } from './http.ts'
import { changedOnDisk, verifiedPart } from './verified-part.ts'

/** Parts of one upload that travel at the same time. */
const PARALLEL_PARTS = 4

/** Parts signed by one call: few, so that no URL waits past its expiry behind slow parts. */
const SIGNED_AT_ONCE = 8

export interface UploadPorts {
  readonly signer: Signer
  /** parts of 8 MiB and WebCrypto when not given */
  readonly hashing?: Hashing
  /** the browser's own PUT when not given */
  readonly send?: Send
}

export interface Upload {
  readonly remoteKey: RemoteKey
  readonly type: string
  /** the content on disk */
  readonly blob: Blob
  /** bytes, as hashed when the content was written */
  readonly size: number
  readonly digests: Uint8Array<ArrayBuffer>
  /** a multipart upload that was begun before */
  readonly uploadId?: string | undefined
  /** a single PUT was begun before */
  readonly sent?: boolean | undefined
}

export interface UploadOptions {
  readonly signal: AbortSignal
  /** bytes in object storage so far */
  readonly onProgress?: (bytes: number) => void
  /** a multipart upload was begun; with its id a later attempt goes on where this one ended */
  readonly onStarted?: (uploadId: string) => Promise<void>
  /** a single PUT begins: should this attempt end before it is known to have arrived, a later one asks for it with `sent` */
  readonly onSending?: () => Promise<void>
}

export type UploadResult =
  /** The signer saw the content in object storage. Whether durably (hybrid) is asked when it matters: at eviction. */
  | Stored
  /**
   * A single PUT ended with a status of success. That proves nothing: a sign-in page, a filter or a proxy answers 200, too.
   * Ask the signer (`uploadUrls` with `sent`).
   */
  | { readonly status: 'sent' }

/**
 * Uploads a content, unless object storage has it already. Bytes that are no longer as they were hashed are not sent.
 *
 * @throws RockpoolError `corrupt` when the bytes on disk are no longer those that were hashed, `offline`, `aborted`, and
 *   the signer's codes
 */
export const upload = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  // A file cut short on disk must not travel under the old hash (peer failure 4).
  if (job.blob.size !== job.size) throw changedOnDisk()
  try {
    return partCount(job.size, ports.hashing) === 1
      ? await uploadWhole(ports, job, options)
      : await uploadParts(ports, job, options)
  } catch (error) {
    // A multipart upload that the object store has given up, by a lifecycle rule perhaps: the next attempt begins anew.
    if (isRockpoolError(error, 'not_found')) throw givenUp(error)
    throw error
  }
}

const uploadWhole = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  const { remoteKey: key, size, type } = job
  const { signer, send = browserSend } = ports
  let sent = job.sent ?? false
  for (let tries = 1; ; tries++) {
    const answer = await signer.uploadUrl({ key, size, type, ...(sent && { sent }) }, options.signal)
    if (answer.status === 'stored') return answer
    const body = await verifiedPart(job, 1, ports.hashing)
    if (answer.confirm && !sent) {
      await options.onSending?.()
      sent = true
    }
    const { status, retryAfterMs } = await send(answer.url, answer.headers, body, {
      signal: options.signal,
      onProgress: (bytes) => options.onProgress?.(bytes),
    })
    if (status >= 200 && status < 300) return { status: 'sent' }
    // 403: the URL may have expired. 409 and 412: somebody else stores the same content just now.
    if (tries === 2 || ![403, 409, 412].includes(status)) throw refusal(status, 'file', retryAfterMs)
  }
}

const uploadParts = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  const { signer, send = browserSend, hashing = WEB_HASHING } = ports
  const { remoteKey: key, size, type } = job
  const digests = toBase64(job.digests)
  const begun = await signer.startMultipart(
    { key, size, type, digests, ...(job.uploadId === undefined ? {} : { uploadId: job.uploadId }) },
    options.signal,
  )
  if ('status' in begun) return begun
  const { uploadId } = begun
  if (uploadId !== job.uploadId) await options.onStarted?.(uploadId)

  const there = new Set(begun.uploaded)
  const missing = Array.from({ length: addressParts(addressOfKey(key)) }, (_, i) => i + 1).filter((n) => !there.has(n))
  const inFlight = new Map<number, number>()
  let done = begun.uploaded.reduce((sum, n) => sum + sizeOfPart(size, n, hashing), 0)
  const report = () => options.onProgress?.(done + [...inFlight.values()].reduce((sum, bytes) => sum + bytes, 0))

  const sign = async (numbers: readonly number[]) =>
    (await signer.signParts({ key, size, uploadId, digests, numbers }, options.signal)).parts

  const sendPart = async (number: number, signed: SignedRequest, signal: AbortSignal): Promise<void> => {
    const body = await verifiedPart(job, number, hashing)
    let request = signed
    for (let tries = 1; ; tries++) {
      const { status, retryAfterMs } = await send(request.url, request.headers, body, {
        signal,
        onProgress: (bytes) => {
          inFlight.set(number, Math.min(bytes, hashing.partSize))
          report()
        },
      })
      if (status >= 200 && status < 300) break
      if (tries === 2 || status !== 403) throw refusal(status, 'part', retryAfterMs)
      const again = await sign([number])
      request = again[0] ?? signed
    }
    inFlight.delete(number)
    done += body.size
    report()
  }

  report()
  await inParallel(missing, SIGNED_AT_ONCE, sign, sendPart, options.signal)
  return { status: 'stored', ...(await signer.completeMultipart({ key, size, uploadId, digests }, options.signal)) }
}

const sizeOfPart = (size: number, number: number, hashing: Hashing): number => {
  const { start, end } = partRange(size, number, hashing)
  return Math.max(0, end - start)
}

/** Sends all parts, {@link PARALLEL_PARTS} at a time, signing a few at once. The first failure stops the rest. */
const inParallel = async (
  numbers: readonly number[],
  atOnce: number,
  sign: (numbers: readonly number[]) => Promise<readonly (SignedRequest & { readonly number: number })[]>,
  sendPart: (number: number, signed: SignedRequest, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  for (let i = 0; i < numbers.length; i += atOnce) {
    const batch = [...(await sign(numbers.slice(i, i + atOnce)))]
    const lane = async () => {
      for (let part = batch.shift(); part; part = batch.shift()) await sendPart(part.number, part, either)
    }
    const lanes = Array.from({ length: PARALLEL_PARTS }, lane)
    try {
      await Promise.all(lanes)
    } catch (error) {
      failed.abort(error)
      await Promise.allSettled(lanes)
      throw error
    }
  }
}

const givenUp = (cause: RockpoolError): RockpoolError =>
  new RockpoolError('storage_unavailable', 'The object store has given this upload up. It begins anew.', { cause })
