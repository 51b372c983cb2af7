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
    if (await holds(connection, mode, signal)) return mode
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

const holds = async (connection: S3Connection, mode: IntegrityMode, signal?: AbortSignal): Promise<boolean> => {
  const { send, Bucket } = connection
  const Key = `tmp/probe-${crypto.randomUUID()}`
  const copy = `${Key}-copy`
  try {
    return (
      (await holdsForPut(connection, mode, Key, signal)) &&
      !(await sent(asCopy(await signPut(connection, mode, copy), Bucket, Key), WRONG, signal)) &&
      (await holdsForParts(connection, mode, Key, signal))
    )
  } finally {
    for (const key of [Key, copy]) await send(new DeleteObjectCommand({ Bucket, Key: key }), signal).catch(() => {})
  }
}

const holdsForPut = async (
  connection: S3Connection,
  mode: IntegrityMode,
  Key: string,
  signal?: AbortSignal,
): Promise<boolean> => {
  const { send, Bucket } = connection
  const signed = await signPut(connection, mode, Key)
  if (await sent(signed, WRONG, signal)) return false
  if (!(await sent(signed, RIGHT, signal))) return false
  if (mode === 'payload') return true
  const proof = await send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }), signal)
  return proof.ChecksumSHA256 === toBase64(await sha256(RIGHT))
}

/** @param source an object of the right bytes, not to be copied */
const holdsForParts = async (
  connection: S3Connection,
  mode: IntegrityMode,
  source: string,
  signal?: AbortSignal,
): Promise<boolean> => {
  const { send, presign, Bucket } = connection
  const Key = `tmp/probe-${crypto.randomUUID()}`
  const checksum = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
  const { UploadId } = await send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...(mode === 'checksum' ? checksum : {}) }),
    signal,
  )
  try {
    const signed = await presign.upload(Key, { partNumber: '1', uploadId: UploadId! }, await right(), {}, mode)
    return (
      !(await sent(signed, WRONG, signal)) &&
      !(await sent(asCopy(signed, Bucket, source), WRONG, signal)) &&
      (await sent(signed, RIGHT, signal))
    )
  } finally {
    await send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), signal).catch(() => {})
  }
}

const right = async () => ({ size: RIGHT.length, sha256: await sha256(RIGHT), expiresIn: LIFE })

const signPut = async ({ presign }: S3Connection, mode: IntegrityMode, key: string): Promise<Presigned> =>
  presign.upload(key, {}, await right(), { 'content-type': 'text/plain', 'if-none-match': '*' }, mode)

/**
 * What a hostile client makes of it: a copy of any other object, whose bytes no digest of the body says anything about.
 * AWS refuses headers that were not signed, Ceph 16 does so only with a signed payload.
 */
const asCopy = ({ headers, ...signed }: Presigned, bucket: string, source: string): Presigned => ({
  ...signed,
  headers: { ...headers, 'x-amz-copy-source': `${bucket}/${source}` },
})

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
  // Not implemented: Ceph's answer to a copy with a signed payload.
  if (response.status >= 500 && response.status !== 501)
    throw new ObjectStoreError('unavailable', `S3 answered ${response.status}.`)
  return response.ok
}
