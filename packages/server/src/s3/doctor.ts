/** `rockpool-server doctor`: tries on the live S3 bucket what Rockpool relies on, and says what the vendor enforces. */
import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore } from '@rockpool/object-store'
import { connectS3, openS3Store, type S3StoreOptions } from '@rockpool/object-store/s3'
import { sha256 } from '@rockpool/protocol'
import { WANTED_LIFECYCLE, withRule } from './bucket-settings.ts'
import { corsGaps, MOST_GAPS } from './cors-gaps.ts'
import { lifecycleOf } from './init.ts'
import { type Check, probeKey, readAnonymously, type Report, send } from './probes.ts'
import { examineUnsignedHeaders } from './unsigned-headers.ts'

export interface DoctorOptions {
  readonly s3: S3StoreOptions
  readonly origins: readonly string[]
}

/** Runs all checks, and emits each result. Nothing is left in the bucket. @returns whether none failed */
export const examine = async ({ s3, origins }: DoctorOptions, emit: (check: Check) => void): Promise<boolean> => {
  let healthy = true
  const report: Report = (name, verdict, detail) => {
    if (verdict === 'fail') healthy = false
    emit({ name, verdict, detail })
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
    await examineUnsignedHeaders(store, Bucket, report)
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
    report('upload', status === 200 ? 'ok' : 'fail', `responded ${status}`)
    const anonymous = await readAnonymously(signed.url)
    const advice = 'Take back the public ACL or policy of the bucket, or run: rockpool-server init'
    report(
      'anonymous read',
      anonymous.ok ? 'fail' : 'ok',
      anonymous.ok ? `NOT refused: the whole world reads. ${advice}` : `refused with ${anonymous.status}`,
    )
    await must('If-None-Match', RIGHT, {}, 'warn')
  } finally {
    await store.delete(key)
  }
}

const examineMissing = async (store: ObjectStore, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const { status } = await fetch(url)
  const detail =
    status === 403 ? '403: give the credentials ListBucket, or a loss looks like a refusal' : `responded ${status}`
  report('404 for a missing key', status === 404 ? 'ok' : 'warn', detail)
}

/** S3 refuses requests that are 15 minutes off. The SDK makes up for it; nothing does where tokens are judged. */
const examineClock = async (store: ObjectStore, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const { headers } = await fetch(url)
  const seconds = Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) / 1000
  if (Number.isNaN(seconds)) return report('clock skew', 'warn', 'S3 sent no Date header; clock skew was not checked')
  const verdict = seconds < 60 ? 'ok' : seconds < 600 ? 'warn' : 'fail'
  const advice = verdict === 'ok' ? '' : ". Set this machine's clock (NTP): tokens are judged by it"
  report('clock skew', verdict, `${Math.round(seconds)} s${advice}`)
}

const examineCors = async (store: ObjectStore, origin: string, report: Report): Promise<void> => {
  const { url } = await store.signGet({ key: probeKey(), expiresIn: 60 })
  const gaps = await corsGaps(url, origin)
  const lacks = gaps.length === MOST_GAPS ? 'refuses browsers altogether' : `lacks ${gaps.join(', ')}`
  const detail = gaps.length === 0 ? 'every method and header' : `${lacks}. Run: rockpool-server init`
  report(`CORS from ${origin}`, gaps.length === 0 ? 'ok' : 'fail', detail)
}

const examineSettings = async (client: S3Client, Bucket: string, report: Report): Promise<void> => {
  try {
    const present = await lifecycleOf(client, Bucket)
    const lacks = WANTED_LIFECYCLE.filter(({ rule }) => withRule(present, rule)).map(({ what }) => what)
    report(
      'lifecycle',
      lacks.length > 0 ? 'warn' : 'ok',
      lacks.length > 0 ? `lacks "${lacks.join('", "')}". Run: rockpool-server init` : 'leftovers go after 7 days',
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
