/** Probes, on the live S3 bucket, which integrity mode makes it refuse bytes other than the signed ones. */
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { sha256, toBase64 } from '@rockpool/protocol'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import type { IntegrityMode, Presigned } from '../object-store.ts'
import type { S3Connection } from './connection.ts'

/** Prefers `checksum`, which proves the bytes at any later time. @throws ObjectStoreError `misconfigured`, `denied`, `unavailable` */
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
  const flaws = new Set<Flaw>()
  for (const mode of ['checksum', 'payload'] as const) {
    const flaw =
      (await flawOfPuts(connection, mode, signal)) ??
      (await flawOfParts(connection, mode, signal)) ??
      ((await obeysCopies(connection, mode, signal)) ? 'copies' : undefined)
    if (!flaw) return mode
    flaws.add(flaw)
  }
  const worst = (['copies', 'keeps', 'refuses'] as const).find((flaw) => flaws.has(flaw))!
  throw new ObjectStoreError('misconfigured', SENTENCE[worst])
}

/** Why uploads cannot be signed in one of the modes. */
type Flaw = keyof typeof SENTENCE

const SENTENCE = {
  copies:
    'This S3 vendor obeys an unsigned header (x-amz-copy-source), so every uploader could read every object. Update it, or use another.',
  keeps: 'This S3 vendor stores bytes whose SHA-256 is not the signed one, so uploads cannot be trusted. Use another.',
  refuses:
    'This S3 vendor refuses uploads with a signed SHA-256 and If-None-Match, or does not return the SHA-256. Use another.',
}

const RIGHT = new TextEncoder().encode('Rockpool asks whether this bucket checks what it is sent.')
const WRONG = new TextEncoder().encode('Rockpool asks whether this bucket checks what it is sent!')
/** Of another length, to detect a copy. */
const FOREIGN = new TextEncoder().encode('What nobody may copy.')

/** Seconds that a probe's URL lives. */
const LIFE = 60

const flawOfPuts = async (
  connection: S3Connection,
  mode: IntegrityMode,
  signal?: AbortSignal,
): Promise<Flaw | undefined> => {
  const { send, Bucket } = connection
  const Key = probeKey()
  try {
    const flaw = await flawOf(await signPut(connection, mode, Key), signal)
    if (flaw || mode === 'payload') return flaw
    const proof = await send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }), signal)
    return proof.ChecksumSHA256 === toBase64(await sha256(RIGHT)) ? undefined : 'refuses'
  } finally {
    await drop(connection, Key, signal)
  }
}

const flawOfParts = (connection: S3Connection, mode: IntegrityMode, signal?: AbortSignal): Promise<Flaw | undefined> =>
  withPart(connection, mode, (signed) => flawOf(signed, signal), signal)

/** Of what was signed for the right bytes. */
const flawOf = async (signed: Presigned, signal: AbortSignal | undefined): Promise<Flaw | undefined> => {
  if (await sent(signed, WRONG, signal)) return 'keeps'
  return (await sent(signed, RIGHT, signal)) ? undefined : 'refuses'
}

/**
 * Whether an unsigned header turns a signed upload into a copy of any object, which the digest does not cover.
 * AWS refuses every unsigned `x-amz-` header, Ceph 16 only a copy with a signed payload.
 */
const obeysCopies = async (connection: S3Connection, mode: IntegrityMode, signal?: AbortSignal): Promise<boolean> => {
  const { send, Bucket } = connection
  const [Key, source] = [probeKey(), probeKey()]
  const asCopy = ({ headers, ...signed }: Presigned): Presigned => ({
    ...signed,
    headers: { ...headers, 'x-amz-copy-source': `${Bucket}/${source}` },
  })
  try {
    // A bucket with Object Lock takes nothing without a checksum.
    const proof = mode === 'checksum' ? { ChecksumSHA256: toBase64(await sha256(FOREIGN)) } : {}
    await send(new PutObjectCommand({ Bucket, Key: source, Body: FOREIGN, ...proof }), signal)
    if (await sent(asCopy(await signPut(connection, mode, Key)), RIGHT, signal)) {
      const { ContentLength } = await send(new HeadObjectCommand({ Bucket, Key }), signal)
      if (ContentLength === FOREIGN.length) return true
    }
    return await withPart(
      connection,
      mode,
      async (signed, upload) => {
        if (!(await sent(asCopy(signed), RIGHT, signal))) return false
        const { Parts = [] } = await send(new ListPartsCommand(upload), signal)
        return Parts.some(({ Size }) => Size === FOREIGN.length)
      },
      signal,
    )
  } finally {
    for (const key of [Key, source]) await drop(connection, key, signal)
  }
}

const probeKey = () => `tmp/probe-${crypto.randomUUID()}`

const right = async () => ({ size: RIGHT.length, sha256: await sha256(RIGHT), expiresIn: LIFE })

const signPut = async ({ presign }: S3Connection, mode: IntegrityMode, key: string): Promise<Presigned> =>
  presign.upload(key, {}, await right(), { 'content-type': 'text/plain', 'if-none-match': '*' }, mode)

/** Probes with a signed part of its own upload, which it aborts afterwards. */
const withPart = async <A>(
  connection: S3Connection,
  mode: IntegrityMode,
  ask: (signed: Presigned, upload: { Bucket: string; Key: string; UploadId: string }) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> => {
  const { send, presign, Bucket } = connection
  const Key = probeKey()
  const checksum = mode === 'checksum' ? ({ ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const) : {}
  const started = await send(new CreateMultipartUploadCommand({ Bucket, Key, ...checksum }), signal)
  const UploadId = started.UploadId!
  try {
    const signed = await presign.upload(Key, { partNumber: '1', uploadId: UploadId }, await right(), {}, mode)
    return await ask(signed, { Bucket, Key, UploadId })
  } finally {
    await send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), signal).catch(() => {})
  }
}

/** Best effort: leftovers are removed with `tmp/`. */
const drop = ({ send, Bucket }: S3Connection, Key: string, signal: AbortSignal | undefined) =>
  send(new DeleteObjectCommand({ Bucket, Key }), signal).catch(() => {})

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
    throw new ObjectStoreError('unavailable', `S3 responded ${response.status}.`)
  return response.ok
}
