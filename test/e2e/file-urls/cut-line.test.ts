/** Downloads over a line that is cut, or slower than the browser lives. */
import { describe, expect, test } from 'vitest'
import { MiB, randomBytes, sha256 } from '../content.ts'
import { BROWSERS } from '../device.ts'
import { untilFragments } from './on-disk.ts'
import { withFiles } from './story.ts'

const STORE_ID = 'gallery'

/** SHA-256 (hex) of the response, or `error`. Runs in the page. */
const digestOf = async (url: string): Promise<string> => {
  try {
    const bytes = await (await fetch(url, { cache: 'no-store' })).arrayBuffer()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  } catch {
    return 'error'
  }
}

describe.each(BROWSERS)('a download of a file that is larger than a part (%s)', (browser) => {
  /** Less than a part. */
  const CUT = 3 * MiB

  test('makes progress when each connection is cut within a part', () =>
    withFiles(browser, async ({ page, proxy, store }) => {
      const bytes = new Uint8Array(randomBytes('cut', 20 * MiB))
      const { url, remoteKey } = await store('reef.bin', 'application/octet-stream', bytes)
      proxy.line = { cutAfter: CUT }
      const outcomes: string[] = []
      while (outcomes.at(-1) !== sha256(bytes)) {
        expect(outcomes.filter((outcome) => outcome !== 'error')).toEqual([])
        // A browser drops what it has received and not yet given to the worker when the connection ends: all, on a busy machine.
        expect(outcomes.length).toBeLessThan(100)
        outcomes.push(await page.evaluate(digestOf, url))
      }
      const passed = proxy.passed.filter(({ key }) => key === remoteKey)
      const repeated = passed.slice(1).map(({ start }, at) => passed[at]!.start + passed[at]!.bytes - start)
      expect(passed.length).toBeGreaterThan(bytes.length / CUT)
      expect(Math.min(...repeated)).toBeGreaterThanOrEqual(0)
    }))

  test('resumes from what was on disk when the browser was killed within a part', () =>
    withFiles(browser, async ({ page, openPage, device, proxy, store }) => {
      const bytes = new Uint8Array(randomBytes('killed', 10 * MiB))
      const { url, remoteKey } = await store('reef.bin', 'application/octet-stream', bytes)
      proxy.line = { slowAfter: 2 * MiB }
      const seen = page.evaluate(digestOf, url).catch(() => 'killed')
      const onDisk = await page.evaluate(untilFragments, STORE_ID)
      await device.kill()
      expect(await seen).toBe('killed')
      proxy.line = undefined
      expect(await (await openPage()).evaluate(digestOf, url)).toBe(sha256(bytes))
      const [first, second] = proxy.passed.filter(({ key }) => key === remoteKey)
      expect(first!.start).toBe(0)
      expect(second!.start).toBeGreaterThanOrEqual(onDisk)
      expect(onDisk).toBeGreaterThanOrEqual(MiB)
    }))
})

describe.runIf(BROWSERS.includes('firefox'))('a download that lasts longer than a worker of Firefox', () => {
  test('errors while no page of the app is open, and completes while one is', () =>
    withFiles('firefox', async ({ page, device, proxy, store }) => {
      const bytes = new Uint8Array(randomBytes('slow', 3.25 * MiB))
      const { url } = await store('reef.bin', 'application/octet-stream', bytes)
      // 50 s, then 75 s: 10 kB pass in a second.
      proxy.line = { slowAfter: 2 * MiB }
      expect(await page.evaluate(digestOf, url)).toBe('error')
      const app = await device.open()
      proxy.line = { slowAfter: 0 }
      expect(await app.page.evaluate(digestOf, url)).toBe(sha256(bytes))
    }))
})
