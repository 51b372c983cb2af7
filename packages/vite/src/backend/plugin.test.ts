import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { preview } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildFixture, fixture, originOf, serveFixture, temporaryFolder } from '../../fixtures/app.ts'
import { rockpool } from '../plugin.ts'
import { startBackend } from './embedded-backend.ts'

const tokenFor = async (origin: string, store: string): Promise<string> => {
  const response = await fetch(`${origin}/rockpool-dev/token?user=ada&store=${store}`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { token: string }).token
}

const bytes = new TextEncoder().encode('a reef')
const address = createHash('sha256').update(bytes).digest('hex')

/** What the signer says to an upload of {@link bytes}. */
const askToUpload = async (origin: string, token: string, key: string) => {
  const response = await fetch(`${origin}/signer/upload-url`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key, size: bytes.length, type: 'text/plain' }),
  })
  return { status: response.status, ...((await response.json()) as { url?: string; headers?: Record<string, string> }) }
}

/** Whether the sync backend accepts a connection. */
const connects = (origin: string, store: string, authToken: string): Promise<boolean> =>
  new Promise((resolve) => {
    const url = new URL('/sync', origin.replace('http', 'ws'))
    const payload = encodeURIComponent(JSON.stringify({ authToken }))
    url.search = new URLSearchParams({ storeId: store, transport: 'ws', payload }).toString()
    const socket = new WebSocket(url)
    socket.onopen = () => {
      resolve(true)
      socket.close()
    }
    socket.onerror = () => resolve(false)
  })

describe('the embedded backend', { timeout: 60_000 }, () => {
  it('stores what is uploaded, in dev, and has it after a restart', async () => {
    const dataDir = await temporaryFolder()
    const options = { backend: { dataDir } }
    const key = `gallery/files/${address}`

    const first = await serveFixture(fixture, options)
    const origin = originOf(first)
    const token = await tokenFor(origin, 'gallery')
    const signed = await askToUpload(origin, token, key)
    expect(signed).toMatchObject({ status: 'put', url: expect.stringContaining(`${origin}/signer/objects/${key}`) })
    expect((await fetch(signed.url!, { method: 'PUT', headers: signed.headers!, body: bytes })).status).toBe(200)
    await first.close()

    const second = originOf(await serveFixture(fixture, options))
    // The secret outlives the server: so does the token.
    expect(await askToUpload(second, token, key)).toMatchObject({ status: 'stored' })
  })

  it('lets nobody in without a token, neither to the signer nor to the log', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    const origin = originOf(server)
    const token = await tokenFor(origin, 'gallery')
    expect(await connects(origin, 'gallery', token)).toBe(true)
    expect(await connects(origin, 'gallery', 'nonsense')).toBe(false)
    expect(await connects(origin, 'other-store', token)).toBe(false)
    expect((await askToUpload(origin, 'nonsense', `gallery/files/${address}`)).status).toBe(401)
    expect((await askToUpload(origin, token, `other-store/files/${address}`)).status).toBe(403)
  })

  it('knows the buckets of the options', async () => {
    const buckets = { photos: { access: 'store' as const } }
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder(), buckets } })
    const origin = originOf(server)
    const token = await tokenFor(origin, 'gallery')
    expect((await askToUpload(origin, token, `gallery/photos/${address}`)).status).toBe('put')
    expect((await askToUpload(origin, token, `gallery/files/${address}`)).status).toBeGreaterThanOrEqual(400)
  })

  it('gives no token to a page of another site', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    const response = await fetch(`${originOf(server)}/rockpool-dev/token?user=ada&store=gallery`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    })
    expect(response.status).toBe(403)
    expect(await response.text()).not.toMatch('eyJ')
  })

  it('runs in the preview server too', async () => {
    const outDir = await buildFixture()
    const dataDir = await temporaryFolder()
    const server = await preview({
      root: fixture,
      configFile: false,
      logLevel: 'warn',
      plugins: [rockpool({ backend: { dataDir } })],
      build: { outDir },
      preview: { host: '127.0.0.1', port: 0 },
    })
    onTestFinished(() => server.close())
    const origin = server.resolvedUrls!.local[0]!.replace(/\/$/, '')
    expect(await connects(origin, 'gallery', await tokenFor(origin, 'gallery'))).toBe(true)
    expect((await fetch(`${origin}/service-worker.js`)).status).toBe(200)
  })

  it('survives a restart of the dev server in its own process', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    await server.restart()
    const origin = originOf(server)
    expect(await connects(origin, 'gallery', await tokenFor(origin, 'gallery'))).toBe(true)
  })

  it('says in one line that another process uses its folder', async () => {
    const dataDir = await temporaryFolder()
    const backend = await startBackend({ dataDir })
    onTestFinished(() => backend.stop())
    const error = await startBackend({ dataDir }).catch((refusal: Error) => refusal)
    expect((error as Error).stack).toBe(
      `Error: Another process uses ${dataDir}. Stop it, or set ROCKPOOL_DATA_DIR to another folder for this one.`,
    )
  })

  it('keeps a secret that only the owner of the folder can read', async () => {
    const dataDir = join(await temporaryFolder(), 'deep/down')
    const backend = await startBackend({ dataDir })
    onTestFinished(() => backend.stop())
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(dataDir, 'secret'), 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })
})
