/**
 * The memory of the real `rockpool-server serve` under mixed load (issue 11): RSS after a collection of garbage, over time.
 * MEMORY_MINUTES=60 for the hour of the issue.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { median } from './http-load.ts'
import { startMixedLoad } from './mixed-load.ts'

const MINUTES = Number(process.env.MEMORY_MINUTES ?? 2)
/** Caches of the server get their size, and Node's heap: not measured. */
const WARM_UP_MINUTES = Math.min(2, MINUTES / 2)
const SAMPLES = 24
/** MiB from the first quarter of the samples to the last one. */
const MAX_GROWTH = 64
const SECRET = 'a secret of the benchmark, thirty-two bytes'
const MIB = 1024 * 1024

interface Sample {
  readonly minute: number
  /** MiB, after a collection of garbage */
  readonly rss: number
  readonly heap: number
}

let folder: string
let child: ChildProcess
let url: string
const lines: string[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-memory-'))
  const flags = [
    '--expose-gc',
    '--conditions=@rockpool/source',
    '--import',
    join(import.meta.dirname, 'report-memory.ts'),
  ]
  const env = {
    PATH: process.env.PATH,
    NODE_NO_WARNINGS: '1',
    ROCKPOOL_DATA_DIR: join(folder, 'data'),
    ROCKPOOL_JWT_SECRET: SECRET,
    ROCKPOOL_RATE_LIMIT: '0',
    PORT: '0',
  }
  const cli = join(import.meta.dirname, '../../packages/server/src/cli.ts')
  child = spawn(process.execPath, [...flags, cli, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  createInterface({ input: child.stderr! }).on('line', (line) => lines.push(line))
  const listening = () => lines.map((line) => /listening on (\S+)/.exec(line)?.[1]).find((each) => each !== undefined)
  while (listening() === undefined) {
    if (child.exitCode !== null) throw new Error(lines.join('\n'))
    await pause(50)
  }
  url = listening()!
}, 300_000)
afterAll(async () => {
  child.kill('SIGKILL')
  await once(child, 'exit')
  await rm(folder, { recursive: true, force: true })
})

const sample = async (minute: number): Promise<Sample> => {
  lines.length = 0
  child.kill('SIGUSR2')
  for (;;) {
    const line = lines.find((each) => each.startsWith('memory '))
    if (line !== undefined) {
      const { rss, heapUsed } = JSON.parse(line.slice('memory '.length))
      return { minute, rss: rss / MIB, heap: heapUsed / MIB }
    }
    if (child.exitCode !== null) throw new Error('The server has ended.')
    await pause(20)
  }
}

/** MiB an hour, by least squares. */
const slopeOf = (samples: readonly Sample[], field: 'rss' | 'heap'): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [minute, value] = [mean(samples.map((each) => each.minute)), mean(samples.map((each) => each[field]))]
  const covariance = mean(samples.map((each) => (each.minute - minute) * (each[field] - value)))
  return (60 * covariance) / mean(samples.map((each) => (each.minute - minute) ** 2))
}

test('memory under mixed load', { timeout: (MINUTES + WARM_UP_MINUTES) * 60_000 + 300_000 }, async () => {
  const token = await new SignJWT({ sub: 'bench', stores: { bench: ['read', 'write', 'delete'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(`${Math.ceil(MINUTES + WARM_UP_MINUTES + 10)} min`)
    .sign(new TextEncoder().encode(SECRET))
  const load = startMixedLoad(url, token)
  const samples: Sample[] = []
  const start = performance.now()
  const minutesSince = () => (performance.now() - start) / 60_000
  await pause(WARM_UP_MINUTES * 60_000)
  for (let n = 0; n <= SAMPLES; n++) {
    const due = WARM_UP_MINUTES + (n * MINUTES) / SAMPLES
    await pause(Math.max(0, due - minutesSince()) * 60_000)
    samples.push(await sample(minutesSince()))
    const { minute, rss, heap } = samples.at(-1)!
    console.log(
      `memory: minute ${minute.toFixed(1)}: RSS ${rss.toFixed(0)} MiB, heap ${heap.toFixed(1)} MiB after a collection`,
    )
  }
  await load.stop()
  const quarter = Math.floor(samples.length / 4)
  const rssOf = (some: readonly Sample[]) => median(some.map(({ rss }) => rss))
  const growth = rssOf(samples.slice(-quarter)) - rssOf(samples.slice(0, quarter))
  const turns = Object.entries(load.turns).map(([lane, count]) => `${lane} ${count}`)
  console.log(
    `memory: in ${MINUTES} min of mixed load (${turns.join(', ')}): RSS ${slopeOf(samples, 'rss').toFixed(1)} MiB an hour, heap ${slopeOf(samples, 'heap').toFixed(1)} MiB an hour; ${growth.toFixed(1)} MiB from the first to the last quarter (at most ${MAX_GROWTH})`,
  )
  expect(growth).toBeLessThanOrEqual(MAX_GROWTH)
})
