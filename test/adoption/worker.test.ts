/** The Worker of `signer/deploy`, as `wrangler` would upload it, and from the published packages. Nothing is uploaded. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bareFolder, runProgram } from './folder.ts'
import { buildPackages, type LocalRegistry, startLocalRegistry } from './local-registry.ts'

const SIGNER = join(import.meta.dirname, '../../signer')
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`

let registry: LocalRegistry
beforeAll(async () => {
  await buildPackages()
  registry = await startLocalRegistry()
}, 600_000)
afterAll(() => registry?.[Symbol.asyncDispose]())

test(
  'wrangler takes the configuration, and uploads the Worker with its Durable Object',
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-worker-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const wrangler = join(SIGNER, 'node_modules/wrangler/bin/wrangler.js')
    const output = await runProgram(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', folder], {
      cwd: join(SIGNER, 'deploy'),
      env: { PATH, HOME: folder, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    })
    expect(output).toMatch(/env\.SYNC_BACKEND \(SyncBackend\)\s+Durable Object/)
    expect(output).toContain('--dry-run: exiting now.')
    const code = await readFile(join(folder, 'worker.js'), 'utf8')
    expect(code).toMatch(/export \{[^}]*\bSyncBackend\b[^}]*\bdefault\b|export \{[^}]*\bdefault\b[^}]*\bSyncBackend\b/)
    // A Worker of the free plan has at most 3 MiB, compressed.
    const [, compressed] = /gzip: ([\d.]+) KiB/.exec(output)!
    expect(Number(compressed)).toBeLessThan(3_072)
  },
)

test('the published packages bring all that the Worker is bundled from', { timeout: 600_000 }, async () => {
  await using folder = await bareFolder(registry.url, [dirname(process.execPath)])
  const packages = ['@rockpool/signer', '@rockpool/sync-server', 'rolldown@1.2.19']
  await folder.run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages)
  const worker = join(folder.path, 'worker')
  await cp(join(folder.path, 'node_modules/@rockpool/signer/deploy'), worker, { recursive: true })
  await runProgram(process.execPath, ['bundle.ts'], { cwd: worker })
  expect(await readFile(join(worker, 'dist/worker.js'), 'utf8')).toContain('SyncBackend')
})
