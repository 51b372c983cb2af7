/** Files that would run script, opened in every way. */
import { readdir } from 'node:fs/promises'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { contentUrl } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { BROWSERS } from '../device.ts'
import { hostileFiles, hostileHtml } from './hostile-files.ts'
import type { HostileUses } from './page/hostile.ts'
import { type FileStory, withFiles } from './story.ts'

/** What runs in the page. */
interface HostilePage {
  readonly hostileUses: HostileUses
  readonly ran: readonly string[]
}

const USES = [
  ...(['img', 'background', 'imageInput', 'iframe', 'form', 'object', 'embed', 'blob', 'stylesheet'] as const),
  ...(['script', 'module', 'dynamicImport', 'worker', 'moduleWorker', 'sharedWorker', 'serviceWorker'] as const),
  ...(['video', 'audio'] as const),
] satisfies readonly (keyof HostileUses)[]

/** A use comes to something within this time, or never. */
const TIMEOUT_MS = 120_000

/** Runs in the page. */
const useUrl = (use: keyof HostileUses, url: string): Promise<string> =>
  (window as never as HostilePage).hostileUses[use](url)

/** Resolves when the browser has done what it does with the file. @returns `nothing` when it never has */
const outcomeOf = async (
  { page, device, proxy }: FileStory,
  use: keyof HostileUses,
  { url, name }: { readonly url: string; readonly name: string },
): Promise<string> => {
  const { pathname } = new URL(url, proxy.url)
  const over = AbortSignal.timeout(TIMEOUT_MS)
  const settled = new AbortController()
  const outsideOfPage = async () => {
    while (!over.aborted && !settled.signal.aborted) {
      if (proxy.pastWorker.has(pathname)) return 'past the worker'
      const saved = await readdir(device.downloads).catch(() => [])
      if (saved.some((file) => file.startsWith(name))) return 'saved'
      await setTimeoutPromise(50)
    }
    return 'nothing'
  }
  const outcome = await Promise.race([page.evaluate(useUrl, use, url), outsideOfPage()])
  settled.abort()
  return outcome
}

describe.each(BROWSERS)('a file that holds script (%s)', (browser) => {
  test('runs none, in whatever way it is opened', { timeout: 1_800_000 }, () =>
    withFiles(browser, async (story) => {
      const { page, proxy, store } = story
      const ran = () => page.evaluate(() => (window as never as HostilePage).ran)
      for (const { what, type, bytes } of hostileFiles(proxy.reportUrl)) {
        // What the object store serves is of no account.
        const { remoteKey } = await store(what, 'application/octet-stream', bytes)
        const observe = async (use: keyof HostileUses) => {
          // The name on the disk says which of them was saved.
          const name = `${what}.${use}.x`
          return [use, await outcomeOf(story, use, { url: contentUrl({ remoteKey, name, type }), name })] as const
        }
        // The link last: Chromium loads no media in a page that is behind another one.
        const observed = Object.fromEntries([...(await Promise.all(USES.map(observe))), await observe('link')])
        expect.soft({ what, ran: await ran(), reports: proxy.reports }).toEqual({ what, ran: [], reports: [] })
        const unsettled = Object.keys(observed).filter((use) => observed[use] === 'nothing')
        expect.soft({ what, unsettled }).toEqual({ what, unsettled: [] })
        await page.evaluate(() => document.body.replaceChildren())
        for (const other of await page.browser().pages()) if (other !== page) await other.close()
      }
      // Another server serves such bytes as what they are: a script that runs is noticed.
      proxy.control = new Blob([hostileHtml('control', proxy.reportUrl)])
      await page.evaluate(useUrl, 'iframe' as const, `${proxy.pageUrl}control`)
      await expect.poll(ran).toContain('control')
      await expect.poll(() => proxy.reports).toContain('control')
      expect(new Set([...(await ran()), ...proxy.reports])).toEqual(new Set(['control']))
    }),
  )
})
