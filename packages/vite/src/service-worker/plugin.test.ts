import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { RockpoolOptions } from '../plugin.ts'
import type { PrecacheEntry } from './precache-manifest.ts'
import { buildFixture, copyFixture, originOf, serveFixture } from '../../fixtures/app.ts'

describe('the service worker', { timeout: 60_000 }, () => {
  it('is built as one classic script that knows every file of the build', async () => {
    const dir = await buildFixture()
    const manifest = run(await readFile(join(dir, 'service-worker.js'), 'utf8'))
    const urls = manifest.map(({ url }) => url)
    expect(urls).toContain('index.html')
    expect(urls).toContain('icon.svg')
    expect(urls).toContainEqual(expect.stringMatching(/^assets\/.*\.wasm$/))
    expect(urls).toContainEqual(expect.stringMatching(/^assets\/livestore-shared-worker-0\.4\.0-\d+\.js$/))
    expect(urls).not.toContain('service-worker.js')
    for (const { url, revision } of manifest) {
      await readFile(join(dir, decodeURIComponent(url)))
      // What changes under one URL has a revision; what has a hash in its name has none.
      if (/^assets\/.*-[\w-]{8}\.\w+$/.test(url)) expect(revision).toBeNull()
      else expect(revision).toMatch(/^[0-9a-f]{16}$/)
    }
  })

  it('is served in dev, may control the whole origin, and precaches nothing', async () => {
    const server = await serveFixture()
    const response = await fetch(`${originOf(server)}/service-worker.js`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch('text/javascript')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(run(await response.text())).toEqual([])
  })

  it('leaves file URLs that pass by it without the page of the app', async () => {
    const server = await serveFixture()
    const response = await fetch(`${originOf(server)}/rockpool/f/reef/7/photo`, { headers: { accept: 'text/html' } })
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'not_found' } }])
    const page = await fetch(`${originOf(server)}/photos/7`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html'])
  })

  it('is bundled anew when one of its sources changed', async () => {
    const root = await copyFixture()
    const server = await serveFixture(root)
    const url = `${originOf(server)}/service-worker.js`
    await fetch(url)
    const reload = new Promise<void>((resolve) => {
      const send = server.ws.send.bind(server.ws)
      server.ws.send = (payload: unknown) => {
        if ((payload as { type?: string }).type === 'full-reload') resolve()
        send(payload as never)
      }
    })
    await writeFile(join(root, 'src/shout.ts'), 'export const shout = (text: string) => text.concat("-changed")\n')
    await reload
    expect(await (await fetch(url)).text()).toMatch('-changed')
  })

  it('that does not compile is an error of the request, until it is mended', async () => {
    const root = await copyFixture()
    await writeFile(join(root, 'src/service-worker.ts'), 'import "./missing.ts"')
    const server = await serveFixture(root)
    const url = `${originOf(server)}/service-worker.js`
    expect((await fetch(url)).status).toBe(500)
    await writeFile(join(root, 'src/service-worker.ts'), 'console.log("mended")')
    expect(await (await fetch(url)).text()).toMatch('mended')
  })

  it('is the ready-made one for an app that has none', async () => {
    const root = await copyFixture()
    await rm(join(root, 'src/service-worker.ts'))
    const response = await fetch(`${originOf(await serveFixture(root))}/service-worker.js`)
    expect(response.status).toBe(200)
    expect(await response.text()).toMatch('rockpool:claim')
  })

  it('takes the denylist of the options, and caches nothing when there is to be no shell', async () => {
    const root = await copyFixture()
    await rm(join(root, 'src/service-worker.ts'))
    await writeFile(join(root, 'index.html'), '<!doctype html><title>App</title>')
    const worker = async (shell: RockpoolOptions['shell']) =>
      readFile(join(await buildFixture(root, { shell: shell! }), 'service-worker.js'), 'utf8')
    expect(await worker({ denylist: [/^\/LOGIN/i] })).toMatch(/\[\s*"\^\\\\\/LOGIN",\s*"i"\s*\]/)
    expect(await worker(false)).not.toContain('icon.svg')
  })

  it('must exist where the options say', async () => {
    await expect(buildFixture(undefined, { serviceWorker: 'src/nowhere.ts' })).rejects.toThrow(
      'there is no service worker at src/nowhere.ts',
    )
  })
})

/** Runs the fixture's service worker as the classic script it must be. @returns the manifest that it logs when it is installed */
const run = (code: string): readonly PrecacheEntry[] => {
  let manifest: readonly PrecacheEntry[] | undefined
  runInNewContext(code, {
    self: { addEventListener: (_event: 'install', listener: () => void) => listener() },
    console: { log: (_text: string, logged: readonly PrecacheEntry[]) => (manifest = logged) },
  })
  return [...manifest!]
}
