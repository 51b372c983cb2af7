/** A tab of a new release of the app opens while a tab of an older one leads. */
import { rm } from 'node:fs/promises'
import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevice, ONE_BROWSER } from './device.ts'
import { commitNotes, notesIn } from './notes.ts'
import { buildRelease, createSite, releaseOf, updateServiceWorker } from './release.ts'
import { startServer } from './server.ts'
import { openTab, type Tab } from './tab.ts'

const SIZE = 5_000
/** A state is reached within this time, or never. */
const TIMEOUT_MS = 60_000

const builds: Record<'next' | 'nextTables' | 'before', string> = { next: '', nextTables: '', before: '' }
beforeAll(async () => {
  builds.next = await buildRelease('next')
  builds.nextTables = await buildRelease('next-tables')
  builds.before = await buildRelease('before')
})
afterAll(async () => {
  for (const folder of Object.values(builds)) if (folder !== '') await rm(folder, { recursive: true })
})

const hasNotes = async (tab: Tab, ids: readonly string[]) => {
  await expect.poll(() => notesIn(tab), { timeout: TIMEOUT_MS }).toEqual(ids)
}

const isShown = (page: Page, testId: string) => page.waitForSelector(`[data-testid=${testId}]`, { timeout: TIMEOUT_MS })

describe.each(ONE_BROWSER)('an update of the app (%s)', (browser) => {
  test('tabs of both releases work side by side, and after the old one is reloaded', async () => {
    await using site = await createSite()
    await using server = await startServer(site.folder)
    await using device = await createDevice(browser, server.url)
    await using other = await createDevice(browser, server.url)
    const old = await device.open()
    await old.add('before.bin', 'before', SIZE)

    await site.deploy(builds.next)
    await updateServiceWorker(old)
    const updated = await device.open()
    expect([await releaseOf(old), await releaseOf(updated)]).toEqual(['', 'next'])
    await Promise.all([
      old.add('old.bin', 'old', SIZE),
      updated.add('new.bin', 'new', SIZE),
      commitNotes(old, ['a', 'b']),
      commitNotes(updated, ['c', 'd']),
    ])
    const names = ['before.bin', 'old.bin', 'new.bin']
    await old.shows(...names)
    await updated.shows(...names)

    await old.reload()
    expect(await releaseOf(old)).toBe('next')
    await Promise.all([old.add('reloaded.bin', 'reloaded', SIZE), updated.add('last.bin', 'last', SIZE)])
    const elsewhere = await other.open()
    for (const tab of [old, updated, elsewhere]) {
      await tab.shows(...names, 'reloaded.bin', 'last.bin')
      await hasNotes(tab, ['a', 'b', 'c', 'd'])
    }
  })

  test('with other tables, the new tab says that it waits, and opens once the old one is reloaded', async () => {
    await using site = await createSite()
    await using server = await startServer(site.folder)
    await using device = await createDevice(browser, server.url)
    const old = await device.open()
    await old.add('before.bin', 'before', SIZE)
    await commitNotes(old, ['a'])

    await site.deploy(builds.nextTables)
    await updateServiceWorker(old)
    const page = await device.blank()
    await page.goto(server.url, { waitUntil: 'domcontentloaded' })
    await isShown(page, 'update-blocked')
    await isShown(old.page, 'update-note')
    await old.add('meanwhile.bin', 'meanwhile', SIZE)

    await old.reload()
    await isShown(page, 'file')
    const updated = await openTab(page, server.url)
    for (const tab of [old, updated]) {
      expect(await releaseOf(tab)).toBe('next-tables')
      await tab.shows('before.bin', 'meanwhile.bin')
      await hasNotes(tab, ['a'])
    }
  })

  test("waits for a tab that runs LiveStore's own leader, and then has its events", async () => {
    await using site = await createSite(builds.before)
    await using server = await startServer(site.folder)
    await using device = await createDevice(browser, server.url)
    await using other = await createDevice(browser, server.url)
    const old = await device.blank()
    await old.goto(server.url, { waitUntil: 'domcontentloaded' })
    await old.waitForFunction(() => 'store' in window, { timeout: TIMEOUT_MS })
    await old.evaluate(() => {
      const { store } = window as never as { store: { commit: (event: object) => void } }
      for (const id of ['a', 'b', 'c']) store.commit({ name: 'v1.Noted', args: { id } })
    })

    await site.deploy(builds.next)
    const page = await device.blank()
    await page.goto(server.url, { waitUntil: 'domcontentloaded' })
    await isShown(page, 'update-blocked')
    await old.close()
    const updated = await openTab(page, server.url)
    await updated.add('new.bin', 'new', SIZE)
    const elsewhere = await other.open()
    for (const tab of [updated, elsewhere]) {
      await tab.shows('new.bin')
      await hasNotes(tab, ['a', 'b', 'c'])
    }
  })

  test('an old tab that has to lead when its files are gone says so, and works again once it is reloaded', async () => {
    await using site = await createSite()
    await using server = await startServer(site.folder)
    await using device = await createDevice(browser, server.url)
    const leader = await device.open()
    const old = await device.open()
    await leader.add('before.bin', 'before', SIZE)
    await old.shows('before.bin')

    await site.deploy(builds.next)
    await updateServiceWorker(leader)
    // The service worker keeps the old tab's files: a browser that is short of space deletes its caches.
    await leader.inPage(async () => {
      for (const name of await caches.keys()) await caches.delete(name)
    })
    await leader.reload()
    expect(await releaseOf(leader)).toBe('next')
    await isShown(old.page, 'sync-note')
    const { reason } = await old.inPage((pool) => pool.sync.current)
    expect(reason.code).toBe('store_stopped')
    expect(await old.add('refused.bin', 'refused', SIZE).catch(String)).toMatch('shut down')

    await leader.add('new.bin', 'new', SIZE)
    await leader.waitForState('new.bin', 'stored')
    await old.reload()
    await old.add('reloaded.bin', 'reloaded', SIZE)
    for (const tab of [leader, old]) await tab.shows('before.bin', 'new.bin', 'reloaded.bin')
  })
})
