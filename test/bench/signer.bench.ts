/** The signer's limits (issue 4): each as a ratio to something bare in the same process, in the same run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { fetchSigner } from '@rockpool/core/signer'
import { connectS3 } from '@rockpool/object-store/s3'
import { hashContent, PART_SIZE, partRange, type RemoteKey, toBase64 } from '@rockpool/protocol'
import { SignatureV4 } from '@smithy/signature-v4'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'

const MB = 1e6
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

/** Requests a second over keep-alive connections that each ask again as soon as they are answered. */
const requestsPerSecond = async (path: string, seconds: number): Promise<number> => {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`
  const end = performance.now() + seconds * 1000
  let answers = 0
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      const socket = connect(port, '127.0.0.1')
      let pending = ''
      socket.on('data', (data) => {
        pending += data
        const head = pending.indexOf('\r\n\r\n')
        if (head < 0) return
        if (!pending.startsWith('HTTP/1.1 200')) throw new Error(pending.slice(0, 200))
        const length = Number(/content-length: (\d+)/i.exec(pending)?.[1])
        if (pending.length < head + 4 + length) return
        pending = ''
        answers++
        if (performance.now() < end) socket.write(request)
        else socket.end()
      })
      socket.write(request)
      await once(socket, 'close')
    }),
  )
  return Math.round(answers / seconds)
}

const bytesOf = (size: number, seed: number) => {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, size >> 2)
  let state = seed
  for (let i = 0; i < words.length; i++) words[i] = state = Math.imul(state, 1_664_525) + 1_013_904_223
  return bytes
}

/** As the engine does: four parts at a time. The bare server gets the same. */
const inLanes = async (count: number, sendPart: (number: number) => Promise<void>) => {
  let next = 1
  const lane = async () => {
    while (next <= count) await sendPart(next++)
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}

/** Uploads in parts, and returns the key. */
const upload = async (bytes: Uint8Array<ArrayBuffer>) => {
  const { address, digests, size } = await hashContent([bytes])
  const content = { key: `bench/files/${address}` as RemoteKey, size, digests: toBase64(digests) }
  const start = performance.now()
  const begun = await signer().startMultipart({ ...content, type: 'video/mp4' })
  if (!('uploadId' in begun)) throw new Error('It is there already.')
  const { uploadId } = begun
  const numbers = Array.from({ length: digests.length / 32 }, (_, i) => i + 1)
  const { parts } = await signer().signParts({ ...content, uploadId, numbers })
  await inLanes(numbers.length, async (number) => {
    const { start, end } = partRange(size, number)
    const { url, headers } = parts[number - 1]!
    const response = await fetch(url, { method: 'PUT', headers, body: bytes.subarray(start, end) })
    if (response.status !== 200) throw new Error(await response.text())
  })
  await signer().completeMultipart({ ...content, uploadId })
  return { key: content.key, ms: performance.now() - start }
}

const bareUpload = async (bytes: Uint8Array<ArrayBuffer>) => {
  const start = performance.now()
  await inLanes(Math.ceil(bytes.length / PART_SIZE), async (number) => {
    const { start, end } = partRange(bytes.length, number)
    await fetch(`${origin}/bare/${number}`, { method: 'PUT', body: bytes.subarray(start, end) })
  })
  return performance.now() - start
}

const download = async (url: string): Promise<number> => {
  const start = performance.now()
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(await response.text())
  for await (const _ of response.body!);
  return performance.now() - start
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const ratio = (value: number) => value.toFixed(2)
const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024

test('/download-url beside a constant', async () => {
  const path = `/download-url?key=bench/files/${'a'.repeat(64)}`
  for (const warmUp of [path, '/constant']) await requestsPerSecond(warmUp, 2)
  const rounds: number[][] = []
  for (let round = 0; round < 5; round++)
    rounds.push([await requestsPerSecond(path, 2), await requestsPerSecond('/constant', 2)])
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
  await upload(bytesOf(2 * PART_SIZE, 7))
  await fetch(`${origin}/bare/whole`, { method: 'PUT', body: bytesOf(size, 1) })
  for (let round = 1; round <= 3; round++) {
    const bytes = bytesOf(size, round)
    const { key, ms } = await upload(bytes)
    put.push(ms)
    barePut.push(await bareUpload(bytes))
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
    const { key, ms } = await upload(bytesOf(100 * MB, 100 + round))
    up.push(ms)
    down.push(await download((await signer().downloadUrl({ key })).url))
  }
  const speed = (times: readonly number[]) => Math.round(100 / (median(times) / 1000))
  console.log(`signer: 100 MB, p50: upload ${speed(up)} MB/s (over 50), download ${speed(down)} MB/s (over 100)`)
})

test('memory while 1 GiB passes', async () => {
  const pass = async (seed: number) => {
    const { key } = await upload(bytesOf(256 * 1024 * 1024, seed))
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
