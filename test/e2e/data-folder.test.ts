/** The secret of the embedded backend, asked for by pages in every way that a page has. */
import { once } from 'node:events'
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rockpool } from '@rockpool/vite'
import { build, createServer, type InlineConfig, preview } from 'vite'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { BROWSERS, createDevice } from './device.ts'

/** An app whose data folder lies in its web root, with a symlink to it: the worst place. */
const makeApp = async () => {
  vi.stubEnv('ROCKPOOL_DATA_DIR', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rockpool-e2e-app-')))
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))
  await writeFile(join(root, 'index.html'), '<!doctype html><title>App</title><body></body>')
  await symlink(join(root, '.rockpool'), join(root, 'link'))
  const config: InlineConfig = {
    root,
    configFile: false,
    logLevel: 'silent',
    cacheDir: join(root, 'cache'),
    plugins: [rockpool({ backend: { dataDir: '.rockpool' } })],
  }
  return { root, config }
}

const originOf = (address: unknown) => `http://127.0.0.1:${(address as AddressInfo).port}`

/** With `host: true`, as for trying an app on a phone. @returns the origin */
const serve: Record<'dev' | 'preview', (config: InlineConfig, root: string) => Promise<string>> = {
  dev: async (config) => {
    const server = await createServer({ ...config, server: { host: true, port: 0 } })
    onTestFinished(() => server.close())
    await server.listen()
    return originOf(server.httpServer!.address())
  },
  preview: async (config, root) => {
    await build({ ...config, plugins: [] })
    await symlink(join(root, '.rockpool'), join(root, 'dist/link'))
    const server = await preview({ ...config, preview: { host: true, port: 0 } })
    onTestFinished(() => server.close())
    return originOf(server.httpServer.address())
  },
}

/** A page of somebody else on this machine. Vite lets such pages read its responses (CORS). @returns its origin */
const serveOtherPage = async () => {
  const server = createHttpServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Other</title><body></body>')
  })
  onTestFinished(() => void server.close().closeAllConnections())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return originOf(server.address())
}

declare global {
  interface Window {
    /** `import(url)`: as text, since Vitest rewrites it in code */
    importModule(url: string): Promise<unknown>
  }
}
const IMPORT_MODULE = 'window.importModule = (url) => import(url)'

/** What `fetch` and `import` give a page. Runs in the page. */
const readAll = async (urls: readonly string[]) => {
  const statuses: (number | string)[] = []
  const texts: string[] = []
  for (const url of urls) {
    const response = await fetch(url).catch(() => undefined)
    statuses.push(response?.status ?? 'blocked')
    texts.push((await response?.text()) ?? '')
    texts.push(JSON.stringify(await window.importModule(url).catch((error: unknown) => String(error))))
  }
  return { statuses, text: texts.join('\n') }
}

/** What elements give a page: which of them load, and what errors and frames say. Runs in the page. */
const loadAll = async (urls: readonly string[]) => {
  const loaded: string[] = []
  const texts: string[] = []
  addEventListener('error', ({ message }) => texts.push(message))
  const load = (element: HTMLScriptElement | HTMLLinkElement | HTMLIFrameElement, name: string) =>
    new Promise<void>((resolve) => {
      element.addEventListener('load', () => {
        loaded.push(name)
        resolve()
      })
      element.addEventListener('error', () => resolve())
      document.body.append(element)
    })
  for (const url of urls) {
    await load(Object.assign(document.createElement('script'), { src: url }), `script ${url}`)
    await load(Object.assign(document.createElement('script'), { src: url, type: 'module' }), `module ${url}`)
    await load(Object.assign(document.createElement('link'), { href: url, rel: 'stylesheet' }), `style ${url}`)
    // A frame loads whatever the status: what counts is what it shows.
    const frame = Object.assign(document.createElement('iframe'), { src: url })
    await load(frame, 'frame')
    texts.push(frame.contentDocument?.documentElement.outerHTML ?? '')
  }
  return { loaded: loaded.filter((name) => name !== 'frame'), text: texts.join('\n') }
}

describe.each(BROWSERS)('the data folder (%s)', (browser) => {
  test.each(['dev', 'preview'] as const)('cannot be read from the %s server by any page', async (kind) => {
    const { root, config } = await makeApp()
    const origin = await serve[kind](config, root)
    const other = await serveOtherPage()
    const secret = await readFile(join(root, '.rockpool/secret'), 'utf8')
    const urls = [
      '/.rockpool/secret',
      '/.rockpool/secret?raw',
      '/.rockpool/secret?import&raw',
      '/.rockpool/secret?url',
      '/.rockpool/secret?import&url',
      '/.rockpool/objects/index.sqlite',
      '//.rockpool//secret?raw',
      '/%2erockpool/secret?raw',
      '/%2erockpool%2fsecret',
      '/.ROCKPOOL/secret?raw',
      '/link/secret',
      '/link/secret?raw',
      `/@fs${root}/.rockpool/secret`,
      `/@fs${root}/.rockpool/secret?raw`,
      `/@fs${root}/link/secret?import&raw`,
    ].map((path) => origin + path)

    await using device = await createDevice(browser, origin)
    for (const page of [origin, other]) {
      const tab = await device.blank()
      await tab.goto(page, { waitUntil: 'domcontentloaded' })
      await tab.evaluate(IMPORT_MODULE)
      const read = await tab.evaluate(readAll, urls)
      expect(read.statuses, page).toEqual(urls.map(() => 403))
      expect(read.text, page).not.toContain(secret)
      const { loaded, text } = await tab.evaluate(loadAll, urls)
      expect(loaded, page).toEqual([])
      expect(text, page).not.toContain(secret)
    }
  })
})
