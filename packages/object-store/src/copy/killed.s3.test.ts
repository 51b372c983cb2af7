/** A copy, killed in the middle of a large object, to a real S3 and back: the parts that arrived are not sent again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { buildRemoteKey, hashContent, PART_SIZE, sha256 } from '@rockpool/protocol'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import { connect } from '../s3/connection.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { type PartProxy, startPartProxy } from './proxy.test.server.ts'

const PARTS = 8
const BYTES = someBytes(PARTS * PART_SIZE, 31)
const { address, digests } = await hashContent([BYTES])
const CONTENT = buildRemoteKey({ storeId: 's', bucket: 'files', address })
/** 64 MiB that are not named by their hash */
const BACKUP = 'backup.tar'

let folder: string
let bucket: ReturnType<typeof testBucket>
let s3: ObjectStore
let proxy: PartProxy

beforeAll(async () => {
  proxy = await startPartProxy(testBucket('killed').endpoint)
})
afterAll(() => proxy.stop())

beforeEach(async () => {
  proxy.reset()
  folder = await mkdtemp(join(tmpdir(), 'rockpool-killed-copy-'))
  bucket = testBucket('killed')
  const { client, Bucket } = connect(bucket)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  s3 = await openS3Store(bucket)
  return async () => {
    for (const { key } of (await s3.list('')).objects) await s3.delete(key)
    await s3.close()
    await rm(folder, { recursive: true })
  }
})

const start = (from: string, to: string) =>
  spawn(
    process.execPath,
    ['--conditions=@rockpool/source', join(import.meta.dirname, 'copy.test.child.ts'), from, to],
    {
      env: {
        ...process.env,
        ARTIFACT_ENDPOINT: proxy.endpoint,
        ARTIFACT_ACCESS_KEY: bucket.accessKey,
        ARTIFACT_SECRET_KEY: bucket.secretKey,
        ARTIFACT_FORCE_PATH_STYLE: 'true',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )

/** @returns what it wrote on stdout */
const copy = async (from: string, to: string): Promise<string> => {
  proxy.reset()
  const child = start(from, to)
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  expect([code, output, errors]).toEqual([0, expect.stringContaining('Failed         0'), expect.any(String)])
  return output
}

/** Kills a copy when the part of this number is on its way, and what came before is there. */
const copyAndKill = async (from: string, to: string, number: number, isThere = async () => true) => {
  const held = proxy.hold(number)
  const child = start(from, to)
  const exited = once(child, 'exit')
  await Promise.race([held, exited])
  await expect.poll(isThere, { timeout: 30_000 }).toBe(true)
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])
}

const fill = async (store: ObjectStore, key: string, bytes = BYTES) => {
  await store.put(key, bytes, { size: bytes.length, type: 'video/mp4' })
  if (key === CONTENT) await store.put(`${key}.parts`, digests, { size: digests.length })
}

const inFolder = async <A>(name: string, work: (store: ObjectStore) => Promise<A>): Promise<A> => {
  const store = await openLocalStore({ directory: join(folder, name), ...SETUP })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const expectThere = async (store: ObjectStore, key: string, bytes = BYTES) => {
  const { info, body } = await store.get(key)
  expect(info).toMatchObject({ size: bytes.length, type: 'video/mp4' })
  expectBytes(await readAll(body), bytes)
  expect(await store.multipart.listUploads(key)).toEqual([])
}

const arrived = async (store: ObjectStore, key: string): Promise<readonly number[]> => {
  const [uploadId] = await store.multipart.listUploads(key)
  return uploadId === undefined ? [] : (await store.multipart.listParts(key, uploadId)).map(({ number }) => number)
}

const without = (numbers: readonly number[]) =>
  Array.from({ length: PARTS }, (_, i) => i + 1).filter((n) => !numbers.includes(n))
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)
const resumed = (parts: number) => `Resumed        1 objects, ${parts * 8}.0 MiB of them left`

/** Fills a folder, and copies it to S3 until three parts of the object are there. */
const killTowardsS3 = async (key: string) => {
  await inFolder('source', (store) => fill(store, key))
  const [from, to] = [`local:${join(folder, 'source')}`, `s3:${bucket.bucket}`] as const
  await copyAndKill(from, to, 4, async () => (await arrived(s3, key)).length === 3)
  expect(await arrived(s3, key)).toEqual([1, 2, 3])
  expect(await s3.exists(key)).toBe(false)
  const [uploadId] = await s3.multipart.listUploads(key)
  return { from, to, uploadId: uploadId! }
}

test.for([
  ['a content', CONTENT],
  ['another object', BACKUP],
] as const)('%s to S3', { timeout: 120_000 }, async ([, key]) => {
  const { from, to } = await killTowardsS3(key)
  const output = await copy(from, to)
  expect(sorted(proxy.parts)).toEqual([4, 5, 6, 7, 8])
  expect(output).toContain(resumed(3))
  await expectThere(s3, key)
})

test('to S3, a part there tampered with meanwhile: it is sent again', { timeout: 120_000 }, async () => {
  const { from, to, uploadId } = await killTowardsS3(CONTENT)
  const wrong = someBytes(PART_SIZE, 32)
  await s3.multipart.putPart(CONTENT, uploadId, 2, wrong, { size: PART_SIZE, sha256: await sha256(wrong) })
  const output = await copy(from, to)
  expect(sorted(proxy.parts)).toEqual([2, 4, 5, 6, 7, 8])
  expect(output).toContain(resumed(2))
  await expectThere(s3, CONTENT)
})

test('to S3, the source replaced meanwhile: only what is the same is not sent', { timeout: 120_000 }, async () => {
  const { from, to } = await killTowardsS3(BACKUP)
  const changed = BYTES.slice()
  changed[PART_SIZE]! ^= 1
  await inFolder('source', (store) => fill(store, BACKUP, changed))
  const output = await copy(from, to)
  expect(sorted(proxy.parts)).toEqual([2, 4, 5, 6, 7, 8])
  expect(output).toContain(resumed(2))
  await expectThere(s3, BACKUP, changed)
})

/** Fills a bucket, and copies it to a folder until three parts of the object are there, or more. */
const killFromS3 = async (key: string) => {
  await fill(s3, key)
  const [from, to] = [`s3:${bucket.bucket}`, `local:${join(folder, 'back')}`] as const
  // The folder is locked. But four parts are written at once: when the seventh is asked for, three of six are there.
  await copyAndKill(from, to, 7)
  const there = await inFolder('back', (store) => arrived(store, key))
  expect(there.length).toBeGreaterThanOrEqual(3)
  return { from, to, there }
}

test('from S3: parts in the folder are not even read again', { timeout: 120_000 }, async () => {
  const { from, to, there } = await killFromS3(CONTENT)
  const output = await copy(from, to)
  expect(sorted(proxy.parts)).toEqual(without(there))
  expect(output).toContain(resumed(there.length))
  await inFolder('back', (store) => expectThere(store, CONTENT))
})

test('from S3, a part in the folder tampered with meanwhile: it is sent again', { timeout: 120_000 }, async () => {
  const { from, to, there } = await killFromS3(CONTENT)
  const [number, ...others] = there as [number, ...number[]]
  await inFolder('back', async (store) => {
    const [uploadId] = await store.multipart.listUploads(CONTENT)
    const wrong = someBytes(PART_SIZE, 33)
    await store.multipart.putPart(CONTENT, uploadId!, number, wrong, { size: PART_SIZE, sha256: await sha256(wrong) })
  })
  const output = await copy(from, to)
  expect(sorted(proxy.parts)).toEqual(without(others))
  expect(output).toContain(resumed(others.length))
  await inFolder('back', (store) => expectThere(store, CONTENT))
})

test('from S3, the source replaced meanwhile: the folder has the new bytes', { timeout: 120_000 }, async () => {
  const { from, to, there } = await killFromS3(BACKUP)
  const changed = BYTES.slice()
  changed[(there[0]! - 1) * PART_SIZE]! ^= 1
  await fill(s3, BACKUP, changed)
  const output = await copy(from, to)
  // What is not named by its hash is read whole, to be compared.
  expect(sorted(proxy.parts)).toEqual(without([]))
  expect(output).toContain(resumed(there.length - 1))
  await inFolder('back', (store) => expectThere(store, BACKUP, changed))
})
