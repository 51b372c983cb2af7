import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalStore } from '@rockpool/object-store/local'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { contentOf, send, token, TOKEN_SECRET } from './testing/harness.ts'
import { endAll, runSigner } from './testing/process.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rockpool-serve-'))
})
afterAll(async () => {
  await endAll()
  await rm(dataDir, { recursive: true, force: true })
})

const start = async (env: Record<string, string> = {}) => {
  const signer = runSigner(['serve'], {
    ROCKPOOL_DATA_DIR: dataDir,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    PORT: '0',
    ...env,
  })
  return { ...signer, url: await signer.url }
}

test('serves, logs one line each, stops at SIGTERM, and finds its data and its signed URLs again', async () => {
  const first = await start()
  const { address, bytes } = await contentOf(1_000)
  const bearer = { authorization: `Bearer ${await token({ reef: ['read', 'write'] })}` }
  const ask = async (url: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      headers: bearer,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    return (await response.json()) as { url: string; headers: Record<string, string>; status: string }
  }
  const request = { key: `reef/files/${address}`, size: 1_000, type: 'image/png' }
  expect((await send(await ask(first.url, '/upload-url', request), bytes)).status).toBe(200)
  const shared = new URL((await ask(first.url, `/download-url?key=${request.key}&expiresIn=3600`)).url)
  first.kill('SIGTERM')
  expect((await first.ended).code).toBe(0)

  const lines = first.lines.map((line) => JSON.parse(line))
  expect(lines.filter(({ kind }) => kind === 'request').map(({ route, status }) => [route, status])).toEqual([
    ['/upload-url', 200],
    ['/objects/*', 200],
    ['/download-url', 200],
  ])
  expect(lines.filter(({ kind }) => kind === 'decision')).toHaveLength(2)
  expect(first.lines.join('\n')).not.toMatch(/eyJ|signature=/)
  expect((await stat(join(dataDir, 'url-secret'))).mode & 0o777).toBe(0o600)

  const second = await start()
  expect(await ask(second.url, '/upload-url', request)).toMatchObject({ status: 'stored' })
  const again = await fetch(second.url + shared.pathname + shared.search)
  expect(Buffer.compare(new Uint8Array(await again.arrayBuffer()), bytes)).toBe(0)
  const locked = await runSigner(['serve'], {
    ROCKPOOL_DATA_DIR: dataDir,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    PORT: '0',
  }).ended
  expect([locked.code, locked.complaint]).toEqual([1, expect.stringMatching(/^rockpool-signer: [^\n]+\n$/)])
  second.kill('SIGINT')
  expect((await second.ended).code).toBe(0)
})

test('hybrid with S3 down: files are taken, not yet durable, and /ready says that it is degraded', async () => {
  const signer = await start({
    ROCKPOOL_STORE: 'hybrid',
    ROCKPOOL_DATA_DIR: join(dataDir, 'hybrid'),
    ARTIFACT_ENDPOINT: 'http://127.0.0.1:1',
    ARTIFACT_BUCKET: 'reef',
    ARTIFACT_ACCESS_KEY: 'key',
    ARTIFACT_SECRET_KEY: 'a secret of S3',
  })
  const { address, bytes } = await contentOf(1_000, 7)
  const headers = { authorization: `Bearer ${await token({ reef: ['read', 'write'] })}` }
  const body = JSON.stringify({ key: `reef/files/${address}`, size: 1_000, type: 'image/png' })
  const ask = async () => (await fetch(`${signer.url}/upload-url`, { method: 'POST', headers, body })).json() as any
  expect((await send(await ask(), bytes)).status).toBe(200)
  expect(await ask()).toMatchObject({ status: 'stored', durable: false })
  const ready = await fetch(`${signer.url}/ready`)
  expect(ready.status).toBe(200)
  const text = await ready.text()
  expect(JSON.parse(text)).toMatchObject({ ok: true, store: { mode: 'hybrid', degraded: true } })
  signer.kill('SIGTERM')
  const { code, complaint, output } = await signer.ended
  expect(code).toBe(0)
  expect(text + complaint + output).not.toContain('a secret of S3')
  const local = await runSigner(['serve'], {
    ROCKPOOL_DATA_DIR: join(dataDir, 'hybrid'),
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    PORT: '0',
  }).ended
  expect([local.code, local.complaint]).toEqual([1, expect.stringContaining('Set hybrid')])
})

test.each([
  ['ROCKPOOL_JWT_SECRET', ['serve'], {}],
  ['PORT', ['serve'], { PORT: 'x' }],
])('one clear line: %s', async (name, args, env) => {
  const { code, complaint } = await runSigner(args, { ROCKPOOL_DATA_DIR: dataDir, ROCKPOOL_JWT_SECRET: '', ...env })
    .ended
  expect(code).toBe(1)
  expect(complaint).toMatch(new RegExp(`^rockpool-signer: (ROCKPOOL_JWT_SECRET|${name}): [^\\n]+\\n$`))
})

test('a taken port is one clear line', async () => {
  const signer = await start()
  const other = join(dataDir, 'other')
  const { code, complaint } = await runSigner(['serve'], {
    ROCKPOOL_DATA_DIR: other,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    PORT: new URL(signer.url).port,
  }).ended
  expect([code, complaint]).toEqual([1, expect.stringMatching(/^rockpool-signer: PORT: \d+ is in use\. [^\n]+\n$/)])
  signer.kill('SIGTERM')
  await signer.ended
})

test('an unknown command shows what there is', async () => {
  const { code, complaint } = await runSigner(['dance'], {}).ended
  expect([code, complaint]).toEqual([1, expect.stringContaining('Usage')])
})

test('gc: what would go, what went, and what it refuses', async () => {
  const folder = join(dataDir, 'collected')
  const store = await openLocalStore({ directory: join(folder, 'store'), publicBaseUrl: '', secret: TOKEN_SECRET })
  const { address, bytes } = await contentOf(10)
  await store.put(`reef/files/${address}`, bytes, { size: 10 })
  await store.close()
  const module = join(folder, 'live-set.mjs')
  await writeFile(
    module,
    `const none = new Set()
     export default { storeIds: async () => ['reef'], read: async () => ({ logId: 'log', live: none, named: none }), reportLost: async () => {} }`,
  )
  const env = { ROCKPOOL_DATA_DIR: folder, ROCKPOOL_LIVE_SET: module }
  const gc = async (...args: string[]) => {
    const { code, output, complaint } = await runSigner(['gc', ...args], env).ended
    return { code, complaint, line: output === '' ? undefined : JSON.parse(output) }
  }
  expect(await gc()).toMatchObject({ code: 0, line: { storeId: 'reef', seen: 1, deleted: 0 } })
  expect(await gc('--grace', '23h')).toMatchObject({ code: 1, complaint: expect.stringContaining('--force') })
  expect(await gc('--grace', 'soon')).toMatchObject({ code: 1, complaint: expect.stringContaining('--grace') })
  expect(await gc('--grace', '0h', '--force', '--dry-run')).toMatchObject({ code: 0, line: { deleted: 1 } })
  expect(await gc('--grace', '0h', '--force')).toMatchObject({ code: 0, line: { seen: 1, deleted: 1, bytes: 10 } })
  expect(await gc()).toMatchObject({ code: 0, line: { seen: 0 } })
  await writeFile(
    module,
    `const fail = async () => { throw new Error('The sync backend is down.') }
     export default { storeIds: fail, read: fail, reportLost: fail }`,
  )
  // Told as a line of the log, since nobody sees what the hourly run of `serve` throws.
  expect(await gc()).toMatchObject({ code: 1, line: { kind: 'gc', error: 'The sync backend is down.' } })
  await writeFile(module, 'export default {}')
  expect(await gc()).toMatchObject({ code: 1, complaint: expect.stringContaining('ROCKPOOL_LIVE_SET') })
})
