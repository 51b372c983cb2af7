/**
 * One attempt to upload content to object storage: a plain async function, the same in a page and in a service
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
  type UploadUrl,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { Signer } from '../../ports/signer.ts'
import type { ConnectionBudget } from './connection-budget.ts'
import { browserSend, statusToError, type Send, type SendResponse } from './http.ts'
import { sendParts, type SignedPart } from './send-parts.ts'
import { changedOnDisk, verifiedPart } from './verified-part.ts'

export interface UploadPorts {
  readonly signer: Signer
  /** parts of 8 MiB and WebCrypto when not given */
  readonly hashing?: Hashing
  /** the browser's own PUT when not given */
  readonly send?: Send
  /** limits connections of PUTs; no limit when not given */
  readonly budget?: Pick<ConnectionBudget, 'acquire'>
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
  /** a multipart upload was started; with its id a later attempt resumes it */
  readonly onStarted?: (uploadId: string) => Promise<void>
  /** a single PUT starts: if this attempt ends before its outcome is known, a later one checks it with `sent` */
  readonly onSending?: () => Promise<void>
}

export type UploadResult =
  /** The signer confirmed the content. Its durability (hybrid store) is checked when it matters: at eviction. */
  | Stored
  /**
   * A single PUT returned success. That proves nothing: a sign-in page, a filter or a proxy may respond 200, too.
   * Check with the signer (`uploadUrls` with `sent`).
   */
  | { readonly status: 'sent' }

/**
 * Uploads content, unless object storage has it already. Bytes that have changed since they were hashed are not sent.
 *
 * @throws RockpoolError `corrupt` when the bytes on disk have changed since they were hashed, `offline`, `aborted`, and
 *   the signer's codes
 */
export const upload = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  // A truncated file must not be uploaded under the old hash (peer failure 4).
  if (job.blob.size !== job.size) throw changedOnDisk()
  if (partCount(job.size, ports.hashing) === 1) return uploadWhole(ports, job, options)
  return uploadParts(ports, job, options).catch((error: unknown) => {
    // The object store discarded the multipart upload, perhaps by a lifecycle rule: the next attempt starts a new one.
    throw isRockpoolError(error, 'not_found') ? uploadDiscarded(error) : error
  })
}

const uploadWhole = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  const { remoteKey: key, size, type } = job
  const { signer, send = browserSend, budget = UNLIMITED } = ports
  let sent = job.sent ?? false
  const put = async ({ url, headers, confirm }: Extract<UploadUrl, { status: 'put' }>): Promise<SendResponse> => {
    const { signal, onProgress, onSending } = options
    const release = await budget.acquire({ kind: 'file', bytes: size }, signal)
    try {
      // Read only once there is a connection: waiting bytes would take memory.
      const body = await verifiedPart(job, 1, ports.hashing)
      if (confirm && !sent) {
        await onSending?.()
        sent = true
      }
      return await send(url, headers, body, { signal, onProgress: (bytes) => onProgress?.(bytes) })
    } finally {
      release()
    }
  }
  for (let tries = 1; ; tries++) {
    const answer = await signer.uploadUrl({ key, size, type, ...(sent && { sent }) }, options.signal)
    if (answer.status === 'stored') return answer
    const { status, retryAfterMs } = await put(answer)
    if (status >= 200 && status < 300) return { status: 'sent' }
    // 403: the URL may have expired. 409 and 412: a concurrent upload stores the same content.
    if (tries === 2 || ![403, 409, 412].includes(status)) {
      throw status === 404 ? noPlace() : statusToError(status, 'file', retryAfterMs)
    }
  }
}

const uploadParts = async (ports: UploadPorts, job: Upload, options: UploadOptions): Promise<UploadResult> => {
  const { signer, send = browserSend, hashing = WEB_HASHING, budget = UNLIMITED } = ports
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

  const sendPart = async (signed: SignedPart, signal: AbortSignal): Promise<void> => {
    const { number } = signed
    const body = await verifiedPart(job, number, hashing)
    let request: SignedRequest = signed
    for (let tries = 1; ; tries++) {
      const { status, retryAfterMs } = await send(request.url, request.headers, body, {
        signal,
        onProgress: (bytes) => {
          inFlight.set(number, Math.min(bytes, hashing.partSize))
          report()
        },
      })
      if (status >= 200 && status < 300) break
      if (tries === 2 || status !== 403) throw statusToError(status, 'part', retryAfterMs)
      const again = await sign([number])
      request = again[0] ?? signed
    }
    inFlight.delete(number)
    done += body.size
    report()
  }

  report()
  const acquire = (signal: AbortSignal) => budget.acquire({ kind: 'part', bytes: hashing.partSize }, signal)
  await sendParts(missing, { sign, acquire, send: sendPart }, options.signal)
  return { status: 'stored', ...(await signer.completeMultipart({ key, size, uploadId, digests }, options.signal)) }
}

const sizeOfPart = (size: number, number: number, hashing: Hashing): number => {
  const { start, end } = partRange(size, number, hashing)
  return Math.max(0, end - start)
}

const UNLIMITED: Pick<ConnectionBudget, 'acquire'> = { acquire: async () => () => {} }

const noPlace = (): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    "The object store has no place for this file (status 404). Check the signer's S3 bucket. The upload is retried.",
  )

const uploadDiscarded = (cause: RockpoolError): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    'The object store discarded this upload. It will restart from the beginning.',
    { cause },
  )
