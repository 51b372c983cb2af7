/** A device with a page that has no app, and files in object storage that no device has added. */
import { contentUrl, buildRemoteKey, hashContent, type RemoteKey } from '@rockpool/protocol'
import { fetchSigner } from '@rockpool/core/signer'
import { sendByFetch, upload } from '@rockpool/core/transfers'
import type { Page } from 'puppeteer-core'
import { type BrowserName, createDevice, type Device } from '../device.ts'
import { tokenSigner } from '../network-tokens.ts'
import { type Server, startServer } from '../server.ts'
import { buildWebKitApp } from '../webkit/app.ts'
import { createWebKit } from '../webkit/webkit.ts'
import { type ObjectProxy, startObjectProxy } from './object-proxy.ts'
import { type ScriptPage, scriptPage } from './script-page.ts'

const STORE_ID = 'gallery'

/** A file in object storage, and where the device's worker serves it. */
export interface StoredFile {
  readonly remoteKey: RemoteKey
  readonly url: string
}

export interface FileStory {
  readonly server: Server
  readonly proxy: ObjectProxy
  readonly device: Device
  /** of the app's origin, behind its worker, with `window.requests` and `window.hostileUses` */
  readonly page: Page
  /** Another such page, in a browser that starts again if it was killed. */
  openPage(): Promise<Page>
  /** Names content, and puts it into object storage unless it is `lost`. */
  store(
    name: string,
    type: string,
    bytes: Uint8Array<ArrayBuffer>,
    options?: { readonly lost?: boolean },
  ): Promise<StoredFile>
}

export const withFiles = async (browser: BrowserName, story: (world: FileStory) => Promise<void>): Promise<void> => {
  await using server = await startServer()
  await using proxy = await startObjectProxy(server.url)
  await using device = await createDevice(browser, proxy.url)
  const store = await storeTo(server)
  const openPage = async () => {
    // The gallery signs in, and brings the worker.
    const { page } = await device.open()
    await page.goto(proxy.pageUrl)
    await page.waitForFunction(() => 'hostileUses' in window && navigator.serviceWorker.controller !== null)
    return page
  }
  await story({ server, proxy, device, page: await openPage(), openPage, store })
}

/** As far as the table of uses needs it, in any browser. */
export interface UseStory extends Pick<FileStory, 'proxy' | 'store'> {
  readonly page: ScriptPage
  readonly device: Pick<Device, 'downloads'>
}

export const withUses = (browser: BrowserName | 'webkit', story: (world: UseStory) => Promise<void>): Promise<void> =>
  browser === 'webkit'
    ? withWebKit(story)
    : withFiles(browser, (world) => story({ ...world, page: scriptPage(world.page) }))

/** The app of `../webkit` signs in: LiveStore does not run there. */
const withWebKit = async (story: (world: UseStory) => Promise<void>): Promise<void> => {
  await using app = await buildWebKitApp()
  await using server = await startServer(app.folder, app.root)
  await using proxy = await startObjectProxy(server.url)
  await using device = await createWebKit()
  const { page } = device
  await page.goto(proxy.url)
  await page.evaluate((storeId, token) => window.app.signIn(storeId, token), STORE_ID, await tokenFor(server))
  await page.goto(proxy.pageUrl)
  await page.evaluate(async () => {
    const isReady = () => 'hostileUses' in window && navigator.serviceWorker.controller !== null
    while (!isReady()) await new Promise((turned) => setTimeout(turned, 50))
  })
  await story({ proxy, device, page, store: await storeTo(server) })
}

const tokenFor = async (server: Server): Promise<string> => {
  const sign = await tokenSigner(server)
  return sign({ user: 'ada', storeId: STORE_ID, rights: ['read', 'write'], lifetimeMs: 600_000 })
}

const storeTo = async (server: Server): Promise<FileStory['store']> => {
  const token = await tokenFor(server)
  const ports = {
    signer: fetchSigner({ url: `${server.url}signer`, token: async () => token }),
    send: sendByFetch(fetch),
  }
  return async (name, type, bytes, { lost = false } = {}) => {
    const blob = new Blob([bytes])
    const { address, digests, size } = await hashContent(blob.stream())
    const remoteKey = buildRemoteKey({ storeId: STORE_ID, bucket: 'files', address })
    if (!lost) await upload(ports, { remoteKey, type, blob, size, digests }, { signal: new AbortController().signal })
    return { remoteKey, url: contentUrl({ remoteKey, name, type }) }
  }
}
