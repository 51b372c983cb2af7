import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLogger, preview } from 'vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
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
const askToUpload = async (origin: string, token: string, key: string, more: { readonly sent?: boolean } = {}) => {
  const response = await fetch(`${origin}/signer/upload-url`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key, size: bytes.length, type: 'text/plain', ...more }),
  })
  type Answer = { url?: string; headers?: Record<string, string>; receipt?: string }
  return { status: response.status, ...((await response.json()) as Answer) }
}

/** What the sync server sends first over a WebSocket, or the code that it closes it with. */
const firstMessage = (origin: string, store: string, token: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const bearer = `rockpool.bearer.${Buffer.from(token).toString('base64url')}`
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/sync/${store}/live`, ['rockpool.v1', bearer])
    socket.onmessage = ({ data }) => {
      resolve(JSON.parse(String(data)))
      socket.close()
    }
    socket.onclose = ({ code }) => resolve(code)
    socket.onerror = () => reject(new Error('The upgrade was refused.'))
  })

/** Events of the store, over HTTP. */
const eventsOf = async (origin: string, store: string, token: string) => {
  const response = await fetch(`${origin}/sync/${store}/events`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, ...((await response.json()) as { readonly events?: readonly unknown[] }) }
}

const EVENT = {
  ...{ name: 'v1.AlbumAdded', args: { id: 'a' }, seqNum: 1, parentSeqNum: 0, clientId: 'client', sessionId: 'session' },
}

const push = (origin: string, store: string, token: string, event: object = EVENT) =>
  fetch(`${origin}/sync/${store}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ parent: 0, events: [event] }),
  })

const modesIn = async (folder: string) => {
  const modes = new Set<string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const mode = (await stat(join(entry.parentPath, entry.name))).mode & 0o777
    modes.add(`${entry.isDirectory() ? 'folder' : 'file'} ${mode.toString(8)}`)
  }
  return modes
}

/** The first error that Vite's client gets in a new page. */
const overlayOf = (origin: string, token: string): Promise<unknown> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/?token=${token}`, 'vite-hmr')
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as { readonly type: string }
      if (message.type !== 'error') return
      resolve(message)
      socket.close()
    }
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
    expect((await push(origin, 'gallery', token)).status).toBe(200)
    // Under this process's umask files are 0644; those of the data folder are the owner's alone.
    await expect.poll(() => modesIn(dataDir), { timeout: 10_000 }).toEqual(new Set(['folder 700', 'file 600']))
    await first.close()

    const second = originOf(await serveFixture(fixture, options))
    // The secret outlives the server: so does the token.
    expect(await askToUpload(second, token, key)).toMatchObject({ status: 'stored' })
    expect(await eventsOf(second, 'gallery', token)).toMatchObject({ status: 200, events: [EVENT] })
  })

  it('takes the receipts of its signer into the log, and no others', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    const origin = originOf(server)
    const token = await tokenFor(origin, 'gallery')
    const key = `gallery/files/${address}`
    const signed = await askToUpload(origin, token, key)
    expect((await fetch(signed.url!, { method: 'PUT', headers: signed.headers!, body: bytes })).status).toBe(200)
    const { receipt } = await askToUpload(origin, token, key, { sent: true })
    const stored = (args: object) => ({
      ...EVENT,
      name: 'v2.ContentStored',
      args: { opId: 'op', remoteKey: key, ...args },
    })
    const older = receipt!.replace(/^r1\.(\d+)\.\d+/, 'r1.$1.1')
    expect((await push(origin, 'gallery', token, stored({ receipt: older }))).status).toBe(422)
    expect((await push(origin, 'gallery', token, stored({ receipt }))).status).toBe(200)
  })

  it('refuses calls without a token, to the signer and to the log', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    const origin = originOf(server)
    const token = await tokenFor(origin, 'gallery')
    expect(await firstMessage(origin, 'gallery', token)).toMatchObject({ head: 0, events: [] })
    expect(await firstMessage(origin, 'gallery', 'nonsense')).toBe(4401)
    expect(await firstMessage(origin, 'other-store', token)).toBe(4403)
    expect((await eventsOf(origin, 'gallery', 'nonsense')).status).toBe(401)
    expect((await eventsOf(origin, 'other-store', token)).status).toBe(403)
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
    expect(await firstMessage(origin, 'gallery', await tokenFor(origin, 'gallery'))).toMatchObject({ head: 0 })
    expect((await fetch(`${origin}/service-worker.js`)).status).toBe(200)
  })

  it('survives a restart of the dev server in its own process', async () => {
    const server = await serveFixture(fixture, { backend: { dataDir: await temporaryFolder() } })
    await server.restart()
    const origin = originOf(server)
    expect(await firstMessage(origin, 'gallery', await tokenFor(origin, 'gallery'))).toMatchObject({ head: 0 })
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

  it('says in the page that the sync server did not start, without paths and secrets', async () => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'events'), 'not a folder')
    const logger = createLogger('silent')
    const logged = vi.spyOn(logger, 'error')
    const server = await serveFixture(fixture, { backend: { dataDir } }, { customLogger: logger })
    const origin = originOf(server)
    const token = await tokenFor(origin, 'gallery')
    const response = await fetch(`${origin}/sync/gallery/head`, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(503)
    const body = await response.text()
    expect(JSON.parse(body)).toEqual({
      error: { code: 'server_failed_to_start', message: expect.stringMatching(/^The sync server .* did not start: ./) },
    })
    expect(body).not.toContain(dataDir)
    expect(body).not.toContain(await readFile(join(dataDir, 'secret'), 'utf8'))
    expect(logged).toHaveBeenCalledWith(expect.stringContaining("Rockpool's sync server did not start"))
    await expect(firstMessage(origin, 'gallery', token)).rejects.toThrow('The upgrade was refused.')
    // Vite's overlay, in each page that is opened.
    const { message } = (JSON.parse(body) as { error: { message: string } }).error
    for (const _page of ['first', 'second']) {
      expect(await overlayOf(origin, server.config.webSocketToken)).toMatchObject({ type: 'error', err: { message } })
    }
    // The signer is not affected.
    expect((await askToUpload(origin, token, `gallery/files/${address}`)).status).toBe('put')
  })

  it('says in the page that the signer did not start', async () => {
    const buckets = { 'no/bucket': { access: 'store' as const } }
    const server = await serveFixture(
      fixture,
      { backend: { dataDir: await temporaryFolder(), buckets } },
      { customLogger: createLogger('silent') },
    )
    const response = await fetch(`${originOf(server)}/signer/upload-url`, { method: 'POST' })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'server_failed_to_start' } })
  })

  it('keeps a secret that only the owner of the folder can read', async () => {
    const dataDir = join(await temporaryFolder(), 'deep/down')
    const backend = await startBackend({ dataDir })
    onTestFinished(() => backend.stop())
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(dataDir, 'secret'), 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })
})
