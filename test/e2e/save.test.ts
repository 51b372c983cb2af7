/** A person saves a file outside the browser. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

/** A state is reached within this time, or never. */
const TIMEOUT_MS = 60_000

describe.each(BROWSERS)('saving a file (%s)', (browser) => {
  test('without a file picker is a download under its name, also of an active type, and the page stays', () =>
    inWorld(browser, async ({ A }) => {
      const tab = await A.open()
      await tab.inPage(async (pool) => {
        Object.assign(window, { showSaveFilePicker: undefined })
        for (const [name, type] of [
          ['Ré ef (1).txt', 'text/plain'],
          ['page.html', 'text/html'],
        ] as const) {
          await pool.save(await pool.add(new File([name], name, { type })))
        }
      })
      const saved = async () => (await readdir(A.downloads).catch(() => [])).toSorted()
      await expect.poll(saved, { timeout: TIMEOUT_MS }).toEqual(['Ré ef (1).txt', 'page.html'].toSorted())
      const text = (name: string) => readFile(join(A.downloads, name), 'utf8')
      for (const name of await saved()) await expect.poll(() => text(name), { timeout: TIMEOUT_MS }).toBe(name)
      await tab.shows('Ré ef (1).txt', 'page.html')
    }))

  test('with a file picker streams a file of another device to the picked one', () =>
    inWorld(browser, async ({ A, B }) => {
      const size = 20 * MiB
      const a = await A.open()
      await a.add('reef.bin', 'reef', size)
      await a.waitForState('reef.bin', 'stored')
      const b = await B.open()
      await b.waitForState('reef.bin', 'remote')
      const saved = await b.inPage(async (pool) => {
        // A person picks this file.
        const folder = await navigator.storage.getDirectory()
        const picked = await folder.getFileHandle('picked', { create: true })
        Object.assign(window, { showSaveFilePicker: async () => picked })
        await pool.save(pool.files.list()[0]!)
        const file = await picked.getFile()
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
        return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      })
      expect(saved).toBe(sha256(bytesOf('reef', size)))
    }))
})
