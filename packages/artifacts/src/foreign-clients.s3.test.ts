/** Third-party clients read and write the same layout: aws-cli, boto3 and rclone, from their Debian packages. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestBucket } from '@rockpool/object-store/testing'
import { hashContent } from '@rockpool/protocol'
import { sampleBytes } from '@rockpool/protocol/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Artifacts } from './artifacts.ts'
import { toArray } from './testing/bytes.ts'
import { createTrusted, emptyBucket } from './testing/trusted.ts'

interface ForeignClient {
  readonly name: string
  upload(bucket: TestBucket, key: string, file: string): Promise<unknown>
  download(bucket: TestBucket, key: string, file: string): Promise<unknown>
  /** keys below the prefix */
  list(bucket: TestBucket, prefix: string): Promise<string[]>
}

const run = promisify(execFile)

const credentials = ({ accessKey, secretKey, region }: TestBucket) => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_DEFAULT_REGION: region,
})

const aws = async (bucket: TestBucket, ...args: readonly string[]) =>
  (await run('/usr/bin/aws', ['--endpoint-url', bucket.endpoint, ...args], { env: credentials(bucket) })).stdout

const rclone = async (bucket: TestBucket, ...args: readonly string[]) => {
  const env = {
    ...credentials(bucket),
    RCLONE_S3_PROVIDER: 'Ceph',
    RCLONE_S3_ENV_AUTH: 'true',
    RCLONE_S3_ENDPOINT: bucket.endpoint,
    RCLONE_S3_REGION: bucket.region,
  }
  return (await run('/usr/bin/rclone', ['--config', '/dev/null', ...args], { env })).stdout
}

const boto3 = async (bucket: TestBucket, code: string, ...args: readonly string[]) => {
  const script = `import sys, boto3\ns3 = boto3.client('s3', endpoint_url='${bucket.endpoint}')\n${code}`
  return (await run('/usr/bin/python3', ['-c', script, bucket.bucket, ...args], { env: credentials(bucket) })).stdout
}

const clients: readonly ForeignClient[] = [
  {
    name: 'aws-cli',
    upload: (bucket, key, file) => aws(bucket, 's3', 'cp', '--no-progress', file, `s3://${bucket.bucket}/${key}`),
    download: (bucket, key, file) => aws(bucket, 's3', 'cp', '--no-progress', `s3://${bucket.bucket}/${key}`, file),
    list: async (bucket, prefix) => {
      const query = ['--bucket', bucket.bucket, '--prefix', prefix, '--query', 'Contents[].Key', '--output', 'json']
      return JSON.parse(await aws(bucket, 's3api', 'list-objects-v2', ...query)) as string[]
    },
  },
  {
    name: 'boto3',
    upload: (bucket, key, file) => boto3(bucket, 's3.upload_file(sys.argv[3], sys.argv[1], sys.argv[2])', key, file),
    download: (bucket, key, file) =>
      boto3(bucket, 's3.download_file(sys.argv[1], sys.argv[2], sys.argv[3])', key, file),
    list: async (bucket, prefix) => {
      const page = 's3.list_objects_v2(Bucket=sys.argv[1], Prefix=sys.argv[2])'
      return (await boto3(bucket, `print(*[o['Key'] for o in ${page}['Contents']])`, prefix)).trim().split(' ')
    },
  },
  {
    name: 'rclone',
    upload: (bucket, key, file) => rclone(bucket, 'copyto', file, `:s3:${bucket.bucket}/${key}`),
    download: (bucket, key, file) => rclone(bucket, 'copyto', `:s3:${bucket.bucket}/${key}`, file),
    list: async (bucket, prefix) => {
      const names = await rclone(bucket, 'lsf', '--recursive', '--files-only', `:s3:${bucket.bucket}/${prefix}`)
      return names
        .trim()
        .split('\n')
        .map((name) => prefix + name)
    },
  },
]

/** One request and, at clients that split there, an upload in parts. */
const SIZES = [10_000, 20_000_000]
const LIMIT = 240_000

let bucket: TestBucket
let artifacts: Artifacts
let folder: string
beforeAll(async () => {
  ;({ bucket, artifacts } = await createTrusted())
  folder = await mkdtemp(join(tmpdir(), 'rockpool-foreign-'))
})
afterAll(async () => {
  await emptyBucket(bucket)
  await rm(folder, { recursive: true, force: true })
})

describe.each(clients)('$name', ({ upload, download, list }) => {
  const newFile = async (bytes: Uint8Array) => {
    const file = join(folder, crypto.randomUUID())
    await writeFile(file, bytes)
    return file
  }

  test('what it writes is listed, resolved and read', { timeout: LIMIT }, async () => {
    const requestId = crypto.randomUUID()
    for (const size of SIZES) {
      const bytes = sampleBytes(size)
      await upload(bucket, `requests/${requestId}/input/clip_0001/${size}.mp4`, await newFile(bytes))
      const location = { requestId, stage: 'input', name: `clip_0001/${size}.mp4` }
      const ref = await artifacts.resolve(location)
      expect(ref).toMatchObject({ size, address: (await hashContent([bytes])).address })
      expect(Buffer.compare(await (await artifacts.get(ref)).bytes(), bytes)).toBe(0)
      expect(await artifacts.put(location, bytes)).toEqual(ref)
      await expect(artifacts.put(location, sampleBytes(size, 2))).rejects.toMatchObject({ code: 'already_exists' })
    }
    expect((await toArray(artifacts.list(requestId))).map(({ size }) => size)).toEqual(SIZES)
  })

  test('it lists and reads what is written here', { timeout: LIMIT }, async () => {
    const requestId = crypto.randomUUID()
    for (const size of SIZES) {
      const { key } = await artifacts.put({ requestId, stage: 'frames', name: `${size}.bin` }, sampleBytes(size))
      const file = join(folder, crypto.randomUUID())
      await download(bucket, key, file)
      expect(Buffer.compare(await readFile(file), sampleBytes(size))).toBe(0)
    }
    const prefix = `requests/${requestId}/frames/`
    expect((await list(bucket, prefix)).sort()).toEqual(SIZES.map((size) => `${prefix}${size}.bin`))
  })

  test('a state that it replaces is noticed, and its logs are read', { timeout: LIMIT }, async () => {
    const requestId = crypto.randomUUID()
    const state = artifacts.state(requestId)
    const etag = await state.write({ step: 1 }, undefined)
    const json = (value: object) => newFile(new TextEncoder().encode(`${JSON.stringify(value)}\n`))
    await upload(bucket, `requests/${requestId}/metadata/state.json`, await json({ step: 'foreign' }))
    await expect(state.write({ step: 2 }, etag)).rejects.toMatchObject({ code: 'changed' })
    expect((await state.read())?.value).toEqual({ step: 'foreign' })
    const log = `requests/${requestId}/metadata/logs/probe-20261126T195959123Z-0.jsonl`
    await upload(bucket, log, await json({ message: 'hello' }))
    expect((await toArray(artifacts.readLogs(requestId))).map(({ record }) => record)).toEqual([{ message: 'hello' }])
  })
})
