/** `rockpool-signer doctor`: tries on the live S3 bucket what Rockpool relies on, and says what the vendor enforces. */
import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore, Presigned } from '@rockpool/object-store'
import { connectS3, openS3Store, type S3StoreOptions } from '@rockpool/object-store/s3'
import { sha256 } from '@rockpool/protocol'
import { CORS_HEADERS, CORS_METHODS, EXPOSED_HEADERS, merged, wantedLifecycle } from './bucket-settings.ts'
import { lifecycleOf } from './init.ts'

/** `fail`: do not use this bucket; `warn`: works, with the drawback that is told. */
export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

export interface DoctorOptions {
  readonly s3: S3StoreOptions
  readonly origins: readonly string[]
}

/** Runs all checks, telling each as it is done. Nothing is left in the bucket. True when none failed. */
export const examine = async ({ s3, origins }: DoctorOptions, tell: (check: Check) => void): Promise<boolean> => {
  let healthy = true
  const report = (name: string, verdict: Check['verdict'], detail: string) => {
    if (verdict === 'fail') healthy = false
    tell({ name, verdict, detail })
  }
  let store: ObjectStore
  try {
    store = await openS3Store(s3)
  } catch (error) {
    report('integrity', 'fail', (error as Error).message)
    return false
  }
  const { client, Bucket } = connectS3(s3)
  try {
    report('integrity', 'ok', `mode ${store.integrity}: the bucket refuses other bytes than were signed`)
    await examineUploads(store, report)
    await examineMissing(store, report)
    await examineClock(store, report)
    for (const origin of origins) await examineCors(store, origin, report)
    if (origins.length === 0) report('CORS', 'warn', 'not tried: ROCKPOOL_ALLOWED_ORIGINS is not set')
    await examineSettings(client, Bucket, report)
  } finally {
    client.destroy()
    await store.close()
  }
  return healthy
}

type Report = (name: string, verdict: Check['verdict'], detail: string) => void

const probeKey = () => `tmp/doctor-${crypto.randomUUID()}`
const RIGHT = new TextEncoder().encode('What the doctor sends, byte by byte.')
const WRONG = new TextEncoder().encode('What the doctor sends, bite by bite.')

/** Each wrong upload must be refused, and leave nothing. */
const examineUploads = async (store: ObjectStore, report: Report): Promise<void> => {
  const key = probeKey()
  const signed = await store.signPut({
    key,
    size: RIGHT.length,
    type: 'text/plain',
    sha256: await sha256(RIGHT),
    expiresIn: 60,
  })
  const must = async (
    name: string,
    body: Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    verdict: 'warn' | 'fail',
  ) => {
    const { status } = await send(signed, body, headers)
    const refused = status >= 400 && status < 500
    report(name, refused ? 'ok' : verdict, refused ? `refused with ${status}` : `NOT refused: ${status}`)
    if (!refused) await store.delete(key)
  }
  try {
    await must('digest', WRONG, {}, 'fail')
    await must('length, more', new Uint8Array([...RIGHT, 1]), {}, 'fail')
    await must('length, less', RIGHT.slice(1), {}, 'fail')
    await must('type', RIGHT, { 'content-type': 'text/html' }, 'fail')
    const { status } = await send(signed, RIGHT)
    report('upload', status === 200 ? 'ok' : 'fail', `answered ${status}`)
    await must('If-None-Match', RIGHT, {}, 'warn')
  } finally {
    await store.delete(key)
  }
}

const examineMissing = async (store: ObjectStore, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const { status } = await fetch(url)
  const detail =
    status === 403 ? '403: give the credentials ListBucket, or a loss looks like a refusal' : `answered ${status}`
  report('404 for a missing key', status === 404 ? 'ok' : 'warn', detail)
}

/** S3 refuses requests that are 15 minutes off. The SDK makes up for it; nothing does where tokens are judged. */
const examineClock = async (store: ObjectStore, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const { headers } = await fetch(url)
  const seconds = Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) / 1000
  if (Number.isNaN(seconds)) return report('clock skew', 'warn', 'S3 tells no time')
  const verdict = seconds < 60 ? 'ok' : seconds < 600 ? 'warn' : 'fail'
  const advice = verdict === 'ok' ? '' : ". Set this machine's clock (NTP): tokens are judged by it"
  report('clock skew', verdict, `${Math.round(seconds)} s${advice}`)
}

/** What a browser on that origin asks before it uploads, with every header, and what it may read of the answer. */
const examineCors = async (store: ObjectStore, origin: string, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const missing: string[] = []
  for (const method of CORS_METHODS) {
    for (const header of CORS_HEADERS) {
      const { status, headers } = await fetch(url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': header },
      })
      const allowed = headers.get('access-control-allow-headers')?.toLowerCase() ?? ''
      const good = status < 300 && allows(headers, origin) && (allowed.includes(header) || allowed.includes('*'))
      if (!good) missing.push(`${method} with ${header}`)
    }
  }
  const answer = await fetch(url, { headers: { origin } })
  const exposed = answer.headers.get('access-control-expose-headers')?.toLowerCase() ?? ''
  for (const header of EXPOSED_HEADERS) {
    if (!exposed.includes(header.toLowerCase())) missing.push(`reading ${header}`)
  }
  const detail =
    missing.length === 0 ? 'every method and header' : `lacks ${missing.join(', ')}. Run: rockpool-signer init`
  report(`CORS from ${origin}`, missing.length === 0 ? 'ok' : 'fail', detail)
}

const allows = (headers: Headers, origin: string): boolean =>
  [origin, '*'].includes(headers.get('access-control-allow-origin') ?? '')

const examineSettings = async (client: S3Client, Bucket: string, report: Report): Promise<void> => {
  try {
    const lacks = merged(await lifecycleOf(client, Bucket), wantedLifecycle()) !== undefined
    report(
      'lifecycle',
      lacks ? 'warn' : 'ok',
      lacks ? 'leftovers stay for ever. Run: rockpool-signer init' : 'leftovers go after 7 days',
    )
  } catch (error) {
    report('lifecycle', 'warn', `cannot be read: ${(error as Error).message}`)
  }
  try {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }))
    report(
      'versioning',
      'ok',
      Status === 'Enabled' ? 'on: deleted contents can be brought back for 7 days' : 'off: what is deleted is gone',
    )
  } catch (error) {
    report('versioning', 'warn', `cannot be read: ${(error as Error).message}`)
  }
}

const send = async ({ url, headers }: Presigned, body: Uint8Array<ArrayBuffer>, other: Record<string, string> = {}) => {
  const response = await fetch(url, { method: 'PUT', body, headers: { ...headers, ...other } })
  await response.body?.cancel()
  return response
}
