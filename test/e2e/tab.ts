/** A tab with the gallery, driven by what a person sees ([data-testid]) and by `window.pool`. */
import type { Pool } from '@rockpool/core'
import type { ElementHandle, EvaluateFunc, Page } from 'puppeteer-core'

/** What a tile of the gallery says. */
export interface Tile {
  readonly id: string
  readonly name: string
  readonly state: string
}

export interface Tab {
  readonly page: Page
  /** Picks files with the gallery's file input. */
  pick(...paths: string[]): Promise<void>
  /** `pool.add` of `size` bytes, which `bytesOf(seed, size)` gives too. Resolves with the id when the promise does. */
  add(name: string, seed: string, size: number, options?: { readonly bucket?: string }): Promise<string>
  tiles(): Promise<readonly Tile[]>
  /** Waits until exactly these names are shown, in any order. */
  shows(...names: string[]): Promise<void>
  /** Waits until the file is shown in one of `states`. */
  waitForState(name: string, ...states: string[]): Promise<void>
  /** SHA-256 (hex) of what `fetch(pool.url(file))` answers for the file of this name. */
  fetched(name: string): Promise<string>
  /** Waits until the image of this file's tile has loaded. @returns its width in pixels */
  imageWidth(name: string): Promise<number>
  /** Runs `body` in the page with its pool. It sees nothing of this file. */
  inPage<Args extends unknown[], R>(body: (pool: Pool, ...args: Args) => R, ...args: Args): Promise<Awaited<R>>
  /** @throws TabCrashed when the browser lost the tab meanwhile */
  reload(): Promise<void>
  close(): Promise<void>
}

/** A state is reached within this time, or never. Covers a retry's back-off after a cut of the network. */
const PATIENCE_MS = 60_000

/** The browser's process behind a tab has died. */
export class TabCrashed extends Error {}

/** Whether a page still runs code. One whose reload merely takes long does, one that crashed does not. */
const answers = (page: Page): Promise<boolean> =>
  page
    .waitForFunction(() => true, { timeout: 5_000 })
    .then(
      () => true,
      () => false,
    )

export const openTab = async (page: Page, url: string): Promise<Tab> => {
  page.setDefaultNavigationTimeout(PATIENCE_MS)
  const messages: string[] = []
  page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`))
  // A page that asks before it closes would hang the test: it must not ask, since nothing can be lost.
  page.on('dialog', (dialog) => {
    messages.push(`dialog: ${dialog.type()} ${dialog.message()}`)
    void dialog.accept()
  })
  page.on('pageerror', (error) => messages.push(`uncaught: ${String(error)}`))

  const tiles = () =>
    page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('[data-testid=file]')].map(
        ({ dataset: { id = '', name = '', state = '' } }) => ({ id, name, state }),
      ),
    )
  /** Waits for a condition in the page; says what the page shows instead when it never comes. */
  const until = async <Args extends unknown[]>(what: string, condition: EvaluateFunc<Args>, ...args: Args) => {
    try {
      return await page.waitForFunction(condition, { polling: 50, timeout: PATIENCE_MS }, ...args)
    } catch (cause) {
      const shown = await tiles().catch(() => [])
      const text = shown.map(({ name, state }) => `${name} (${state})`).join(', ') || 'no files'
      const facts = await page.evaluate(pageFacts).catch(String)
      throw new Error(`Never ${what}. Shown: ${text}. ${facts}\nConsole:\n${messages.slice(-15).join('\n')}`, { cause })
    }
  }
  /** A service worker answers file URLs only in a page that it controls. */
  const ready = () =>
    until('was the pool open', () => 'pool' in window && navigator.serviceWorker.controller?.state === 'activated')

  await page.goto(url, { waitUntil: 'domcontentloaded' })
  await ready()

  const tab: Tab = {
    page,
    tiles,
    pick: async (...paths) => {
      const input = (await page.waitForSelector('[data-testid=add]')) as ElementHandle<HTMLInputElement>
      await input.uploadFile(...paths)
    },
    add: (name, seed, size, options = {}) =>
      tab.inPage(
        async (pool, name, seed, size, options) => {
          const head = new TextEncoder().encode(seed).slice(0, size)
          const file = await pool.add(new Blob([head, new Uint8Array(size - head.length)]), { name, ...options })
          return file.id
        },
        name,
        seed,
        size,
        options,
      ),
    shows: async (...names) => {
      await until(
        `showed exactly ${names.join(', ') || 'nothing'}`,
        (wanted) => {
          const shown = [...document.querySelectorAll<HTMLElement>('[data-testid=file]')].map(
            ({ dataset }) => dataset.name,
          )
          return JSON.stringify(shown.sort()) === JSON.stringify(wanted)
        },
        names.toSorted(),
      )
    },
    waitForState: async (name, ...states) => {
      await until(
        `was ${name} ${states.join(' or ')}`,
        (name, states) =>
          [...document.querySelectorAll<HTMLElement>('[data-testid=file]')].some(
            ({ dataset }) => dataset.name === name && states.includes(dataset.state ?? ''),
          ),
        name,
        states,
      )
    },
    fetched: (name) =>
      tab.inPage(async (pool, name) => {
        const file = pool.files.list({ search: name }).find((file) => file.name === name)
        if (!file) return `no file ${name}`
        const response = await fetch(pool.url(file))
        if (!response.ok) return `status ${response.status}: ${await response.text()}`
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()))
        return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      }, name),
    imageWidth: async (name) => {
      const width = await until(
        `loaded the image ${name}`,
        (name) => {
          const tile = [...document.querySelectorAll<HTMLElement>('[data-testid=file]')].find(
            ({ dataset }) => dataset.name === name,
          )
          // Tiles out of view load lazily.
          tile?.scrollIntoView()
          const image = tile?.querySelector('img')
          return image?.complete === true && image.naturalWidth > 0 && image.naturalWidth
        },
        name,
      )
      return Number(await width.jsonValue())
    },
    inPage: async (body, ...args) =>
      page.evaluate(
        // The page gets the body's text: Vitest has removed its types, and it closes over nothing.
        `(${body.toString()})(window.pool, ...${JSON.stringify(args)})`,
      ) as never,
    reload: async () => {
      await page.reload({ waitUntil: 'domcontentloaded', timeout: 20_000 }).catch(async (error) => {
        throw (await answers(page)) ? error : new TabCrashed('The tab crashed while it was reloaded.', { cause: error })
      })
      await ready()
      const questions = messages.filter((message) => message.startsWith('dialog'))
      if (questions.length > 0) throw new Error(`The page asked before it closed: ${questions.join(', ')}`)
    },
    close: () => page.close(),
  }
  return tab
}

/** What a page that hangs waits for. */
const pageFacts = async (): Promise<string> => {
  const { held = [], pending = [] } = await navigator.locks.query()
  const names = (locks: readonly LockInfo[]) => locks.map(({ name, clientId }) => `${name} (${clientId?.slice(0, 8)})`)
  const worker = navigator.serviceWorker.controller
  return [
    `Text: ${document.body.innerText.slice(0, 200)}`,
    `Service worker: ${worker?.state ?? 'none'}`,
    `Held: ${names(held).join(', ')}`,
    `Pending: ${names(pending).join(', ')}`,
  ].join('\n')
}
