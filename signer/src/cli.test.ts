import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { contentOf, send, token, TOKEN_SECRET } from './testing/harness.ts'
import { runSigner } from './testing/process.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rockpool-serve-'))
})
afterAll(async () => {
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
