/**
 * The claim check (issue 12) against the AWS SDK's own upload and download on the same S3, in one run: put and get of a
 * large artifact, and a listing of 1,000 references. BENCH_ARTIFACT_MIB: its size, 1,024 unless set.
 */
import { openAsBlob } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { type ArtifactRef, type Artifacts, createArtifacts } from '@rockpool/artifacts'
import { clientOf, createdBucket, type TestBucket } from '@rockpool/object-store/testing'
import { createReadStream } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ceph, startCeph } from '../s3/ceph.ts'

const MIB = 1024 * 1024
const SIZE = Number(process.env.BENCH_ARTIFACT_MIB ?? 1024) * MIB
/** Each side in turn, so that a busy moment meets both; the median counts. */
const ROUNDS = 3

let ceph: Ceph | undefined
let folder: string
let file: string
let bucket: TestBucket
let sdk: S3Client
let artifacts: Artifacts

beforeAll(async () => {
  if (!process.env.ROCKPOOL_TEST_S3_ENDPOINT) {
    ceph = await startCeph()
    Object.assign(process.env, ceph.env)
  }
  folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
  file = join(folder, 'input.mp4')
  await using handle = await open(file, 'w')
  const part = new Uint8Array(8 * MIB)
  for (let written = 0; written < SIZE; written += part.length) {
    for (let at = 0; at < part.length; at += 65_536) crypto.getRandomValues(part.subarray(at, at + 65_536))
    await handle.write(part)
  }
  bucket = await createdBucket('bench')
  sdk = clientOf(bucket)
  const { endpoint, region, accessKey, secretKey } = bucket
  artifacts = createArtifacts({ bucket: bucket.bucket, s3: { endpoint, region, accessKey, secretKey } })
}, 300_000)
afterAll(async () => {
  sdk?.destroy()
  await rm(folder, { recursive: true, force: true })
  await ceph?.stop()
}, 60_000)

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** Runs both in turn. Returns the median speed of ours as a ratio to the SDK's, after it has printed both. */
const compare = async (what: string, ours: () => Promise<unknown>, theirs: () => Promise<unknown>): Promise<number> => {
  const times: { readonly ours: number; readonly theirs: number }[] = []
  for (let round = 0; round < ROUNDS; round++) times.push({ ours: await seconds(ours), theirs: await seconds(theirs) })
  const [a, b] = [median(times.map((time) => time.ours)), median(times.map((time) => time.theirs))]
  const speed = (time: number) => `${Math.round(SIZE / 1e6 / time)} MB/s`
  console.log(
    `${what} of ${SIZE / MIB} MiB: ${speed(a)}, AWS SDK ${speed(b)}, ratio ${(b / a).toFixed(2)} (at least 0.8)`,
  )
  return b / a
}

const drain = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
  let size = 0
  for await (const chunk of body) size += chunk.length
  expect(size).toBe(SIZE)
}

test('put and get', { timeout: 900_000 }, async () => {
  const location = { requestId: crypto.randomUUID(), stage: 'input', name: 'original.mp4' }
  let ref: ArtifactRef | undefined
  const put = await compare(
    'put',
    async () => {
      ref = await artifacts.put(location, await openAsBlob(file), { replace: true })
    },
    () =>
      new Upload({ client: sdk, params: { Bucket: bucket.bucket, Key: 'sdk', Body: createReadStream(file) } }).done(),
  )
  await sdk.send(new DeleteObjectCommand({ Bucket: bucket.bucket, Key: 'sdk' }))
  const get = await compare(
    'get',
    async () => drain((await artifacts.get(ref!)).body!),
    async () => {
      const { Body } = await sdk.send(new GetObjectCommand({ Bucket: bucket.bucket, Key: ref!.key }))
      await drain(Body as unknown as AsyncIterable<Uint8Array>)
    },
  )
  await sdk.send(new DeleteObjectCommand({ Bucket: bucket.bucket, Key: ref!.key }))
  expect(put).toBeGreaterThanOrEqual(0.8)
  expect(get).toBeGreaterThanOrEqual(0.8)
})

test('a listing of 1,000 references takes one call', { timeout: 600_000 }, async () => {
  const requestId = crypto.randomUUID()
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      for (let n = 0; n < 100; n++)
        await artifacts.put({ requestId, stage: 'frames', name: `clip_${i}/frame_${n}.jpg` }, 'x')
    }),
  )
  const times = { ours: [] as number[], call: [] as number[] }
  for (let round = 0; round < 5; round++) {
    let count = 0
    times.ours.push(
      await seconds(async () => {
        for await (const _ of artifacts.list(requestId)) count++
      }),
    )
    expect(count).toBe(1000)
    const list = new ListObjectsV2Command({ Bucket: bucket.bucket, Prefix: `requests/${requestId}/` })
    times.call.push(await seconds(() => sdk.send(list)))
  }
  const [ours, call] = [median(times.ours), median(times.call)]
  console.log(`list of 1,000: ${Math.round(ours * 1000)} ms, one call of the AWS SDK ${Math.round(call * 1000)} ms`)
})
