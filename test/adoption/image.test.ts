/** The app's layer of the server's image, as its Dockerfile makes it, and started as its entry point does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildPackages } from './local-registry.ts'
import { cleanEnvironment, runProgram } from './folder.ts'

const ROOT = join(import.meta.dirname, '../..')
const MAX_BYTES = 90e6

let folder: string
let app: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-image-'))
  app = join(folder, 'app')
  await buildPackages()
  await runProgram(process.execPath, [join(ROOT, 'scripts/assemble-server.mjs'), app], { cwd: ROOT })
}, 600_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Room on the disk, as `du` counts it. */
const sizeOf = async (path: string): Promise<number> => {
  let bytes = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    bytes += (await lstat(join(entry.parentPath, entry.name))).blocks * 512
  }
  return bytes
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean }>>
}
const readLockfile = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Lockfile

test(`has at most ${MAX_BYTES / 1e6} MB`, async () => {
  const bytes = await sizeOf(app)
  console.log(`image: ${(bytes / 1e6).toFixed(1)} MB`)
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
})

test('has production dependencies only, in the versions of the lockfile', async () => {
  const locked = await readLockfile(join(ROOT, 'package-lock.json'))
  const installed = await readLockfile(join(app, 'node_modules/.package-lock.json'))
  const versions = new Set(
    Object.entries(locked.packages).map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`),
  )
  const names = Object.keys(installed.packages).filter((path) => path.includes('node_modules/'))
  expect(names.length).toBeGreaterThan(20)
  for (const path of names) {
    const { version, dev } = installed.packages[path]!
    if (version !== undefined) expect(versions).toContain(`${path.split('node_modules/').at(-1)}@${version}`)
    expect([path, dev]).toEqual([path, undefined])
  }
  const unwanted = /node_modules\/(?:vite|vitest|typescript|playwright|miniflare|wrangler|react|@livestore)/
  expect(names.filter((path) => unwanted.test(path))).toEqual([])
})

test('starts by its entry point, traces included', async () => {
  const server = spawn(process.execPath, [join(app, 'packages/server/dist/cli.js'), 'serve'], {
    cwd: app,
    env: {
      ...cleanEnvironment(),
      NODE_ENV: 'production',
      PORT: '0',
      ROCKPOOL_DATA_DIR: join(folder, 'data'),
      ROCKPOOL_JWT_SECRET: 'a secret of at least thirty-two bytes',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  const lines: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: server.stderr }).on('line', (line) => {
      lines.push(line)
      const found = /listening on (\S+)/.exec(line)?.[1]
      if (found) resolve(found)
    })
    server.once('exit', (code) => reject(new Error(`It ended with ${code}: ${lines.join('\n')}`)))
  })
  expect(await (await fetch(`${url}/ready`)).json()).toMatchObject({ ok: true, store: { mode: 'local' } })
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
