/** The app shell: an app opens without a network, and a new release of it disturbs no open page. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { describe, expect, test } from 'vitest'
import { buildApp, readmeApp } from './app.ts'
import { createFolder, png } from './content.ts'
import { BROWSERS, createDevice } from './device.ts'
import { createSite, waitForUpdate } from './release.ts'
import { startServer } from './server.ts'

/** A state is reached within this time, or never. */
const TIMEOUT_MS = 60_000

const load = (page: Page, url: string) => page.goto(url, { waitUntil: 'domcontentloaded' })
const isControlled = (page: Page) =>
  page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', { timeout: TIMEOUT_MS })
const pick = async (page: Page, path: string) => {
  const input = (await page.waitForSelector('input')) as ElementHandle<HTMLInputElement>
  await page.waitForFunction(() => document.querySelector('input')!.onchange !== null, { timeout: TIMEOUT_MS })
  await input.uploadFile(path)
}
const showsImage = (page: Page) =>
  page.waitForFunction(() => (document.querySelector('img')?.naturalWidth ?? 0) > 0, { timeout: TIMEOUT_MS })

describe.each(BROWSERS)('the app shell (%s)', (browser) => {
  test("the README's app reloads without a network, and shows its files", async () => {
    const { root, folder } = await buildApp(await readmeApp())
    await using server = await startServer(folder, root)
    await using device = await createDevice(browser, server.url)
    await using files = await createFolder({ 'reef.png': png('reef', 20, 20) })
    const page = await device.blank()
    await load(page, server.url)
    await isControlled(page)
    await pick(page, files.path('reef.png'))
    await showsImage(page)

    await server.stop()
    await page.reload({ waitUntil: 'domcontentloaded' })
    await showsImage(page)
    await load(page, `${server.url}albums/7?sort=name`)
    await showsImage(page)
  })

  test('an app below a sub-path opens without a network, and so do its files', async () => {
    const { root, folder } = await buildApp({
      ...(await readmeApp()),
      'vite.config.ts': `import { rockpool } from '@rockpool/vite'
        export default { base: '/app/', plugins: [rockpool({ backend: true })], build: { target: 'es2023' } }`,
    })
    await using server = await startServer(folder, root)
    await using device = await createDevice(browser, server.url)
    await using files = await createFolder({ 'reef.png': png('reef', 20, 20) })
    const page = await device.blank()
    await load(page, `${server.url}app/`)
    await isControlled(page)
    await pick(page, files.path('reef.png'))
    await showsImage(page)
    await server.stop()
    await page.reload({ waitUntil: 'domcontentloaded' })
    await showsImage(page)
    const url = await page.evaluate(() => document.querySelector('img')!.src)
    expect(url).toMatch(`${server.url}app/rockpool/c/`)
    // A frame is a document like a tab, and WebDriver BiDi reports no navigation to an image in Firefox.
    expect(await page.evaluate(framedImage, url)).toEqual(['image/png', 20])
  })

  test('navigations that a server responds to reach it', async () => {
    const { root, folder } = await buildApp({
      'index.html': page('<title>App</title>'),
      'vite.config.ts': `import { rockpool } from '@rockpool/vite'
        import { defineConfig } from 'vite'
        export default defineConfig({ plugins: [rockpool({ shell: { denylist: [/^\\/login/] }, backend: true })] })`,
    })
    await using server = await startServer(folder, root)
    await using device = await createDevice(browser, server.url)
    const tab = await device.blank()
    await load(tab, server.url)
    await isControlled(tab)
    await load(tab, `${server.url}signer/nowhere`)
    expect(await tab.title()).toBe('')
    await load(tab, `${server.url}rockpool-dev/nowhere`)
    // Vite responds to paths that it does not know with the app's page: without a network the two differ.
    await server.stop()
    await load(tab, `${server.url}signers`)
    expect(await tab.title()).toBe('App')
    await expect(load(tab, `${server.url}login?next=/`)).rejects.toThrow()
  })

  test('a page loads files of its own release after an update, until it is closed', async () => {
    const release = (name: string) =>
      buildApp({
        'index.html': page(`<title>${name}</title><script type="module" src="/src/main.ts"></script>`),
        'vite.config.ts': `import { rockpool } from '@rockpool/vite'
          export default { plugins: [rockpool()] }`,
        'src/main.ts': `window.lazy = async () => (await import('./lazy.ts')).name`,
        'src/lazy.ts': `export const name = '${name}'`,
      })
    const [first, second] = [await release('first'), await release('second')]
    await using site = await createSite(first.folder)
    await using server = await startServer(site.folder, first.root)
    await using device = await createDevice(browser, server.url)
    const old = await device.blank()
    await load(old, server.url)
    await isControlled(old)

    await site.deploy(second.folder)
    await old.evaluate(waitForUpdate)
    expect(await old.evaluate(lazy)).toBe('first')
    const updated = await device.blank()
    await load(updated, server.url)
    expect([await updated.title(), await updated.evaluate(lazy)]).toEqual(['second', 'second'])
    const cached = () => updated.evaluate(cachedLazyFiles)
    expect(await cached()).toBe(2)

    await old.close()
    await server.stop()
    await updated.reload({ waitUntil: 'domcontentloaded' })
    expect([await updated.title(), await updated.evaluate(lazy)]).toEqual(['second', 'second'])
    await expect.poll(cached, { timeout: TIMEOUT_MS }).toBe(1)
  })
})

/** Type and width of an image in a frame of its own. Runs in the page. */
const framedImage = async (src: string) => {
  const frame = Object.assign(document.createElement('iframe'), { src })
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
  document.body.append(frame)
  await loaded
  const { contentType, images } = frame.contentDocument!
  return [contentType, images[0]?.naturalWidth]
}

const page = (body: string): string =>
  `<!doctype html>${body}<script>navigator.serviceWorker.register('/service-worker.js')</script>`

/** What the lazy chunk of the page exports. Runs in the page. */
const lazy = () => (window as never as { lazy: () => Promise<string> }).lazy()

/** How many lazy chunks are cached. Runs in the page. */
const cachedLazyFiles = async (): Promise<number> => {
  const caches = await Promise.all((await window.caches.keys()).map((name) => window.caches.open(name)))
  const requests = (await Promise.all(caches.map((cache) => cache.keys()))).flat()
  return requests.filter(({ url }) => url.includes('/lazy-')).length
}
