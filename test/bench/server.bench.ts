/** The whole server (issue 11): each figure as a ratio to something bare in the same process, in the same run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchSigner } from '@rockpool/core/signer'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bareUpload, bytesOf, download, flood, MB, median, p50, ratio, requestsPerSecond, upload } from './http-load.ts'

const secret = 'a secret of the benchmark, thirty-two bytes'

interface Measured {
  readonly child: ChildProcess
  readonly port: number
  readonly origin: string
  readonly barePort: number
  readonly bare: string
}

let folder: string
let server: Measured
const tokenOf = (sub: string) =>
  new SignJWT({ sub, stores: { bench: ['read', 'write'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('2 h')
    .sign(new TextEncoder().encode(secret))
let token: string

const start = async (name: string, rateLimit: number): Promise<Measured> => {
  const script = join(import.meta.dirname, 'server-process.ts')
  const args = ['--conditions=@rockpool/source', script, join(folder, name), String(rateLimit)]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout!, 'data')
  const [port, barePort] = String(line).trim().split(' ').map(Number)
  const origin = `http://127.0.0.1:${port}`
  return { child, port: port!, origin, barePort: barePort!, bare: `http://127.0.0.1:${barePort}/bare` }
}
const stop = async ({ child }: Measured) => {
  child.kill()
  await once(child, 'exit')
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
  token = await tokenOf('bench')
  server = await start('server', 0)
})
afterAll(async () => {
  await stop(server)
  await rm(folder, { recursive: true, force: true })
})

const signer = () => fetchSigner({ url: `${server.origin}/signer`, token: async () => token })
const DOWNLOAD_URL = `/signer/download-url?key=bench/files/${'a'.repeat(64)}`

test('/download-url beside a constant', async () => {
  const url = { port: server.port, path: DOWNLOAD_URL, token }
  const constant = { port: server.barePort, path: '/constant', token }
  const rounds: number[][] = []
  // The first round warms up.
  for (let round = 0; round <= 5; round++) {
    rounds[round] = [await requestsPerSecond(url, 1.5), await requestsPerSecond(constant, 1.5)]
  }
  const [ours, bare] = [0, 1].map((at) => median(rounds.slice(1).map((round) => round[at]!)))
  console.log(`server: /download-url ${ours}/s, constant ${bare}/s: ratio ${ratio(ours! / bare!)} (at least 0.5)`)
  expect(ours! / bare!).toBeGreaterThanOrEqual(0.5)
})

test('bytes beside a bare file server, 100 MB', async () => {
  const size = 100 * MB
  const [put, get, barePut, bareGet]: [number[], number[], number[], number[]] = [[], [], [], []]
  await fetch(`${server.bare}/whole`, { method: 'PUT', body: bytesOf(size, 1) })
  // The first round warms up.
  for (let round = 0; round <= 5; round++) {
    const bytes = bytesOf(size, 10 + round)
    const { key, ms } = await upload(signer(), bytes)
    put[round] = ms
    barePut[round] = await bareUpload(server.bare, bytes)
    get[round] = await download((await signer().downloadUrl({ key })).url)
    bareGet[round] = await download(`${server.bare}/whole`)
  }
  const [putMs, getMs, barePutMs, bareGetMs] = [put, get, barePut, bareGet].map((each) => median(each.slice(1)))
  const speed = (ms: number) => Math.round(size / MB / (ms / 1000))
  const ratios = [barePutMs! / putMs!, bareGetMs! / getMs!] as const
  console.log(
    `server: 100 MB up ${speed(putMs!)} MB/s (over 50), bare ${speed(barePutMs!)}: ratio ${ratio(ratios[0])} (at least 0.6)`,
  )
  console.log(
    `server: 100 MB down ${speed(getMs!)} MB/s (over 100), bare ${speed(bareGetMs!)}: ratio ${ratio(ratios[1])} (at least 0.7)`,
  )
  expect(ratios[0]).toBeGreaterThanOrEqual(0.6)
  expect(ratios[1]).toBeGreaterThanOrEqual(0.7)
})

test('one user floods, another one calls', { timeout: 120_000 }, async () => {
  const limited = await start('limited', 100)
  try {
    const quiet = { port: limited.port, path: DOWNLOAD_URL, token: await tokenOf('ada') }
    const loud = { ...quiet, token: await tokenOf('flooder') }
    // Below the rate limit of one user.
    const requests = 150
    await p50(quiet, requests)
    const alone = await p50(quiet, requests)
    const endFlood = flood(loud, 64)
    const beside = await p50(quiet, requests)
    await endFlood()
    console.log(
      `server: p50 of a user ${alone.toFixed(2)} ms alone, ${beside.toFixed(2)} ms beside a flood: ratio ${ratio(beside / alone)} (below 2)`,
    )
    expect(beside / alone).toBeLessThan(2)
  } finally {
    await stop(limited)
  }
})
