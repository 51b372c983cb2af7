/** Finds out, on the live bucket, what makes it refuse other bytes than those that were signed. */
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3'
import { sha256 } from '@rockpool/protocol'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import type { IntegrityMode, Presigned } from '../object-store.ts'
import type { S3Connection } from './connection.ts'
import { toBase64 } from './presign.ts'

/** `checksum` first: it proves the bytes for ever. @throws ObjectStoreError `misconfigured`, `denied`, `unavailable` */
export const probeIntegrity = async (connection: S3Connection, signal?: AbortSignal): Promise<IntegrityMode> => {
  const { send, Bucket } = connection
  try {
    await send(new HeadBucketCommand({ Bucket }), signal)
  } catch (error) {
    if (!isObjectStoreError(error, 'not_found')) throw error
    throw new ObjectStoreError('misconfigured', 'The S3 bucket does not exist. Create it, or correct its name.', {
      cause: error,
    })
  }
  for (const mode of ['checksum', 'payload'] as const) {
    if ((await holdsForPut(connection, mode, signal)) && (await holdsForParts(connection, mode, signal))) return mode
  }
  throw new ObjectStoreError(
    'misconfigured',
    'This S3 vendor keeps bytes whose SHA-256 is not the one that was signed, so uploads cannot be trusted. Use another.',
  )
}

const RIGHT = new TextEncoder().encode('Rockpool asks whether this bucket checks what it is sent.')
const WRONG = new TextEncoder().encode('Rockpool asks whether this bucket checks what it is sent!')

/** Seconds that a probe's URL lives. */
const LIFE = 60

const holdsForPut = async (connection: S3Connection, mode: IntegrityMode, signal?: AbortSignal): Promise<boolean> => {
  const { send, presign, Bucket } = connection
  const Key = `tmp/probe-${crypto.randomUUID()}`
  const digest = await sha256(RIGHT)
  const headers = { 'content-type': 'text/plain', 'if-none-match': '*' }
  const signed = await presign.upload(Key, {}, { size: RIGHT.length, sha256: digest, expiresIn: LIFE }, headers, mode)
  try {
    if (await sent(signed, WRONG, signal)) return false
    if (!(await sent(signed, RIGHT, signal))) return false
    if (mode === 'payload') return true
    const proof = await send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }), signal)
    return proof.ChecksumSHA256 === toBase64(digest)
  } finally {
    await send(new DeleteObjectCommand({ Bucket, Key }), signal).catch(() => {})
  }
}

const holdsForParts = async (connection: S3Connection, mode: IntegrityMode, signal?: AbortSignal): Promise<boolean> => {
  const { send, presign, Bucket } = connection
  const Key = `tmp/probe-${crypto.randomUUID()}`
  const checksum = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
  const { UploadId } = await send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...(mode === 'checksum' ? checksum : {}) }),
    signal,
  )
  try {
    const bytes = { size: RIGHT.length, sha256: await sha256(RIGHT), expiresIn: LIFE }
    const signed = await presign.upload(Key, { partNumber: '1', uploadId: UploadId! }, bytes, {}, mode)
    return !(await sent(signed, WRONG, signal)) && (await sent(signed, RIGHT, signal))
  } finally {
    await send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), signal).catch(() => {})
  }
}

/** Whether the bucket kept it. @throws ObjectStoreError `unavailable` when it did not say */
const sent = async (
  { url, headers }: Presigned,
  body: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<boolean> => {
  let response: Response
  try {
    response = await fetch(url, { method: 'PUT', headers, body, ...(signal ? { signal } : {}) })
    await response.body?.cancel()
  } catch (cause) {
    throw new ObjectStoreError('unavailable', 'S3 cannot be reached.', { cause })
  }
  if (response.status >= 500) throw new ObjectStoreError('unavailable', `S3 answered ${response.status}.`)
  return response.ok
}
