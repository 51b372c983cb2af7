/** The signer's limits (issue 4): each as a ratio to something bare in the same process, in the same run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { fetchSigner } from '@rockpool/core/signer'
import { connectS3 } from '@rockpool/object-store/s3'
import { PART_SIZE, type RemoteKey, toBase64 } from '@rockpool/protocol'
import { SignatureV4 } from '@smithy/signature-v4'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bareUpload, bytesOf, download, MB, median, memoryOf, ratio, requestsPerSecond, upload } from './http-load.ts'

const secret = 'a secret of the benchmark, thirty-two bytes'
let folder: string
let server: ChildProcess
let port: number
let token: string
let origin: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
  const script = join(import.meta.dirname, 'signer-server.ts')
  server = spawn(process.execPath, ['--conditions=@rockpool/source', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(server.stdout!, 'data')
  port = Number(line)
  origin = `http://127.0.0.1:${port}`
  token = await new SignJWT({ sub: 'bench', stores: { bench: ['read', 'write'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 h')
    .sign(new TextEncoder().encode(secret))
})
afterAll(async () => {
  server.kill()
  await once(server, 'exit')
  await rm(folder, { recursive: true, force: true })
})

const signer = () => fetchSigner({ url: origin, token: async () => token })

const memory = () => memoryOf(server.pid!)

test('/download-url beside a constant', async () => {
  const path = `/download-url?key=bench/files/${'a'.repeat(64)}`
  for (const warmUp of [path, '/constant']) await requestsPerSecond({ port, path: warmUp, token }, 2)
  const rounds: number[][] = []
  for (let round = 0; round < 5; round++)
    rounds.push([
      await requestsPerSecond({ port, path, token }, 2),
      await requestsPerSecond({ port, path: '/constant', token }, 2),
    ])
  const [url, constant] = [median(rounds.map(([url]) => url!)), median(rounds.map(([, constant]) => constant!))]
  console.log(`signer: /download-url ${url}/s, constant ${constant}/s: ratio ${ratio(url / constant)} (at least 0.5)`)
  expect(url / constant).toBeGreaterThanOrEqual(0.5)
})

/** In CPU time: other processes do not count. Nothing is sent. */
test('presigning a download from S3, beside the bare signature', async () => {
  const options = { endpoint: 'http://127.0.0.1:1', region: 'us-east-1', bucket: 'bench', forcePathStyle: true }
  const { client, presign } = connectS3({ ...options, accessKey: 'key', secretKey: 'secret' })
  const { credentials, sha256 } = client.config
  const signature = new SignatureV4({ service: 's3', region: 'us-east-1', credentials, sha256, uriEscapePath: false })
  const path = `/bench/bench/files/${'a'.repeat(64)}`
  const request = { method: 'GET', protocol: 'http:', hostname: '127.0.0.1', path, headers: { host: '127.0.0.1:1' } }
  const ways = {
    ours: () => presign.download(`bench/files/${'a'.repeat(64)}`, {}, 60),
    bare: () => signature.presign({ ...request, headers: { ...request.headers } }, { expiresIn: 60 }),
    client: () => getSignedUrl(client, new GetObjectCommand({ Bucket: 'bench', Key: 'a' }), { expiresIn: 60 }),
  }
  const microseconds = async (work: () => Promise<unknown>, count: number) => {
    const before = process.cpuUsage()
    for (let i = 0; i < count; i++) await work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count
  }
  const rounds: Record<keyof typeof ways, number[]> = { ours: [], bare: [], client: [] }
  // The first round warms up.
  for (let round = 0; round <= 5; round++) {
    for (const [name, work] of Object.entries(ways))
      rounds[name as keyof typeof ways][round] = await microseconds(work, 2_000)
  }
  client.destroy()
  const [ours, bare, whole] = [rounds.ours, rounds.bare, rounds.client].map(([, ...measured]) => median(measured))
  console.log(
    `signer: a download URL of S3 ${ours!.toFixed(0)} us, bare signature ${bare!.toFixed(0)} us: ratio ${ratio(bare! / ours!)}` +
      ` (at least 0.4); by getSignedUrl ${whole!.toFixed(0)} us`,
  )
  expect(bare! / ours!).toBeGreaterThanOrEqual(0.4)
})

test('data plane beside a bare file server, 256 MiB', async () => {
  const size = 256 * 1024 * 1024
  const [put, get, barePut, bareGet]: [number[], number[], number[], number[]] = [[], [], [], []]
  await upload(signer(), bytesOf(2 * PART_SIZE, 7))
  await fetch(`${origin}/bare/whole`, { method: 'PUT', body: bytesOf(size, 1) })
  for (let round = 1; round <= 3; round++) {
    const bytes = bytesOf(size, round)
    const { key, ms } = await upload(signer(), bytes)
    put.push(ms)
    barePut.push(await bareUpload(`${origin}/bare`, bytes))
    get.push(await download((await signer().downloadUrl({ key })).url))
    bareGet.push(await download(`${origin}/bare/whole`))
  }
  const speed = (times: readonly number[]) => Math.round(size / MB / (median(times) / 1000))
  const ratios = [median(barePut) / median(put), median(bareGet) / median(get)] as const
  console.log(`signer: PUT ${speed(put)} MB/s, bare ${speed(barePut)} MB/s: ratio ${ratio(ratios[0])} (at least 0.5)`)
  console.log(`signer: GET ${speed(get)} MB/s, bare ${speed(bareGet)} MB/s: ratio ${ratio(ratios[1])} (at least 0.6)`)
  expect(ratios[0]).toBeGreaterThanOrEqual(0.5)
  expect(ratios[1]).toBeGreaterThanOrEqual(0.6)
})

test('100 MB files', async () => {
  const [up, down]: [number[], number[]] = [[], []]
  for (let round = 1; round <= 5; round++) {
    const { key, ms } = await upload(signer(), bytesOf(100 * MB, 100 + round))
    up.push(ms)
    down.push(await download((await signer().downloadUrl({ key })).url))
  }
  const speed = (times: readonly number[]) => Math.round(100 / (median(times) / 1000))
  console.log(`signer: 100 MB, p50: upload ${speed(up)} MB/s (over 50), download ${speed(down)} MB/s (over 100)`)
})

test('memory while 1 GiB passes', async () => {
  const pass = async (seed: number) => {
    const { key } = await upload(signer(), bytesOf(256 * 1024 * 1024, seed))
    await download((await signer().downloadUrl({ key })).url)
  }
  // Node's heap takes its size.
  for (const seed of [1_000, 1_001]) await pass(seed)
  const before = memory()
  let most = before
  const sampling = setInterval(() => (most = Math.max(most, memory())), 50)
  for (const seed of [1_002, 1_003, 1_004, 1_005]) await pass(seed)
  clearInterval(sampling)
  console.log(
    `signer: memory ${Math.round(before)} MiB before, at most ${Math.round(most)} MiB while 1 GiB passed (+/- 32)`,
  )
  expect(most - before).toBeLessThanOrEqual(32)
})

test('signing the parts of an upload', async () => {
  const uploads = await Promise.all(
    [100, 1_000, 10_000].map(async (parts) => {
      const digests = bytesOf(32 * parts, parts)
      const hash = Buffer.from(await crypto.subtle.digest('SHA-256', digests)).toString('hex')
      const key = `bench/files/${hash}-${parts}` as RemoteKey
      const content = { key, size: parts * PART_SIZE, digests: toBase64(digests) }
      const begun = await signer().startMultipart({ ...content, type: 'video/mp4' })
      if (!('uploadId' in begun)) throw new Error('It is there already.')
      return Object.assign(content, { uploadId: begun.uploadId })
    }),
  )
  /** ms a part, of 10,000 parts, or as often the same ones, 100 a call */
  const perPart = async (upload: (typeof uploads)[number]) => {
    const start = performance.now()
    const last = upload.size / PART_SIZE
    for (let i = 0; i < 100; i++) {
      const first = (i * 100) % last
      await signer().signParts({ ...upload, numbers: Array.from({ length: 100 }, (_, n) => first + n + 1) })
    }
    return (performance.now() - start) / 10_000
  }
  const rounds = uploads.map((): number[] => [])
  // The first round warms up.
  for (let round = 0; round <= 5; round++) {
    for (const [i, upload] of uploads.entries()) rounds[i]![round] = await perPart(upload)
  }
  const times = rounds.map(([, ...measured]) => median(measured))
  const growth = times.at(-1)! / times[0]!
  console.log(
    `signer: signing a part in uploads of 100, 1,000, 10,000: ${times.map((ms) => ms.toFixed(3)).join(', ')} ms,` +
      ` ratio ${ratio(growth)} (in proportion to the parts: 1)`,
  )
  expect(growth).toBeLessThanOrEqual(1.5)
})
