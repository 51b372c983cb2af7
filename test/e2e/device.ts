/** One person's browser: a persistent profile that outlives the browser's death. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer, { type Browser, type LaunchOptions, type Page } from 'puppeteer-core'
import { CHROMIUM_FLAGS } from '../chromium-flags.ts'
import { IS_LONG } from '../long.ts'
import { type Tab, openTab } from './tab.ts'

export type BrowserName = 'chromium' | 'firefox'

const PATHS: Record<BrowserName, string> = {
  chromium: process.env.CHROME_PATH ?? '/usr/bin/chromium',
  firefox: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
}

/** The browsers to test in: on CI all of them, elsewhere those that are here (`npm test` says which are missing). */
export const BROWSERS = (['chromium', 'firefox'] as const).filter((name) => process.env.CI || existsSync(PATHS[name]))

/** For stories that the log, the server and the network decide: `npm test` runs them in one browser, `npm run test:long` in all. */
export const ONE_BROWSER = IS_LONG ? BROWSERS : BROWSERS.slice(0, 1)

export interface Device extends AsyncDisposable {
  /** of the gallery */
  readonly url: string
  /** Opens the gallery in a new tab, and waits until its pool is open. `query`: such as `?store=other`. */
  open(query?: string, prepare?: (page: Page) => Promise<unknown>): Promise<Tab>
  /** where the browser saves files */
  readonly downloads: string
  /** An empty tab. */
  blank(): Promise<Page>
  /** SIGKILL to the whole browser; the profile stays, and the next `open` starts the browser again. */
  kill(): Promise<void>
}

/** A device with an empty profile, which shows the gallery at `url`. */
export const createDevice = async (name: BrowserName, url: string): Promise<Device> => {
  const profile = await mkdtemp(join(tmpdir(), `rockpool-e2e-${name}-`))
  const downloads = join(profile, 'downloads')
  let browser: Browser | undefined

  const kill = async () => {
    const child = browser?.process()
    browser = undefined
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    // Puppeteer starts browsers as leaders of their own process group.
    process.kill(-child.pid, 'SIGKILL')
    await exited
  }
  const blank = async () => {
    browser ??= await puppeteer.launch(launchOptions(name, profile, downloads))
    const page = await browser.newPage()
    // As with `protocolTimeout`.
    page.setDefaultNavigationTimeout(0)
    return page
  }
  return {
    url,
    downloads,
    blank,
    open: async (query = '', prepare) => {
      const page = await blank()
      await prepare?.(page)
      return openTab(page, url + query)
    },
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill()
      await rm(profile, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const launchOptions = (name: BrowserName, profile: string, downloads: string): LaunchOptions => ({
  browser: name === 'chromium' ? 'chrome' : 'firefox',
  executablePath: PATHS[name],
  headless: true,
  userDataDir: profile,
  // Puppeteer's network monitoring makes request bodies ten times slower and can crash the page at 256 MiB (issue 3).
  networkEnabled: false,
  // On a busy machine a start takes longer than Puppeteer's 30 s.
  timeout: 120_000,
  // The limit of the test counts: on a busy machine 250 adds take longer than Puppeteer's 180 s for one call.
  protocolTimeout: 0,
  ...(name === 'chromium'
    ? {
        downloadBehavior: { policy: 'allow', downloadPath: downloads },
        args: CHROMIUM_FLAGS,
      }
    : {
        extraPrefsFirefox: {
          'app.update.disabledForTesting': true,
          'browser.download.folderList': 2,
          'browser.download.dir': downloads,
          'browser.download.alwaysOpenPanel': false,
          'network.captive-portal-service.enabled': false,
          'network.connectivity-service.enabled': false,
        },
      }),
})
