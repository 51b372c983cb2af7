/** A browser without service workers. */
import type { ElementHandle } from 'puppeteer-core'
import { describe, expect, test } from 'vitest'
import { createFolder, png } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

const TIMEOUT_MS = 60_000

describe.each(BROWSERS)('without a service worker (%s)', (browser) => {
  test('the gallery shows its files by blob: URLs, before and after they are stored', () =>
    inWorld(browser, async ({ server, A }) => {
      await using files = await createFolder({ 'reef.png': png('reef', 20, 20) })
      const page = await A.blank()
      await page.evaluateOnNewDocument(() => delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker)
      const shown = async () => {
        const image = await page.waitForFunction(
          () => {
            const image = document.querySelector<HTMLImageElement>('[data-testid=file] img')
            return image !== null && image.naturalWidth > 0 && image.src
          },
          { timeout: TIMEOUT_MS },
        )
        return (await image.jsonValue()) as string
      }
      await page.goto(server.url, { waitUntil: 'domcontentloaded' })
      const input = (await page.waitForSelector('[data-testid=add]', {
        timeout: TIMEOUT_MS,
      })) as ElementHandle<HTMLInputElement>
      await input.uploadFile(files.path('reef.png'))
      expect(await shown()).toMatch(/^blob:/)
      await page.waitForSelector('[data-testid=file][data-state=stored]', { timeout: TIMEOUT_MS })
      await page.reload({ waitUntil: 'domcontentloaded' })
      expect(await shown()).toMatch(/^blob:/)
    }))
})
