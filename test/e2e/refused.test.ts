import { describe, expect, test } from 'vitest'
import { ONE_BROWSER } from './device.ts'
import { addFiles, behindNetwork } from './network-story.ts'
import { tokenSigner } from './network-tokens.ts'
import { commitNotes, notesIn } from './notes.ts'
import type { Tab } from './tab.ts'
import { inWorld } from './world.ts'

const ALL = ['read', 'write', 'delete'] as const

/** Name and code of each refused change, as the gallery lists them. */
const refusedIn = (tab: Tab) =>
  tab.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[data-testid=refused-change]')].map((item) => [
      item.querySelector('.refused-name')!.textContent,
      item.dataset.code,
    ]),
  )

describe.each(ONE_BROWSER)('an event that the server refuses for good (%s)', (browser) => {
  test('is taken back, and keeps nothing of this device or of others from the log', () =>
    inWorld(browser, async ({ A, B }) => {
      const [a, b] = [await A.open(), await B.open()]
      await a.add('before.bin', 'before', 1_000)
      await b.shows('before.bin')
      // The app's own events are taken by size: at most 64 KiB.
      await commitNotes(a, ['x'.repeat(70_000), 'small'])
      await a.add('after.bin', 'after', 1_000)
      await b.add('theirs.bin', 'theirs', 1_000)
      for (const tab of [a, b]) {
        await tab.shows('before.bin', 'after.bin', 'theirs.bin')
        await expect.poll(() => notesIn(tab)).toEqual(['small'])
      }
      await a.reload()
      expect(await notesIn(a)).toEqual(['small'])
      await a.shows('before.bin', 'after.bin', 'theirs.bin')
    }))
})

describe.each(ONE_BROWSER)('a file that the server refuses (%s)', (browser) => {
  test('is shown with its reason until a person tries again or drops it', () =>
    behindNetwork(browser, async ({ server, network, A, B }) => {
      const sign = await tokenSigner(server)
      // Somebody else is signed in where the changes are sent: the server takes no file in the name of another user.
      let sender: string | undefined = 'mallory'
      network.token = ({ user, storeId, from }) =>
        sign({ user: from === 'worker' ? (sender ?? user) : user, storeId, rights: ALL, lifetimeMs: 600_000 })
      const [a, b] = [await A.open(), await B.open()]
      await addFiles(b, 'theirs.bin')
      await a.shows('theirs.bin')
      await addFiles(a, 'dropped.bin', 'edited.bin')
      await commitNotes(a, ['behind'])
      const isRefused = async (...names: string[]) => {
        await expect.poll(() => refusedIn(a), { timeout: 60_000 }).toEqual(names.map((name) => [name, 'forbidden']))
      }
      await isRefused('dropped.bin', 'edited.bin')
      const list = await a.page.waitForSelector('[data-testid=refused]')
      expect(await list!.evaluate((element) => element.textContent)).toMatch(
        /2 changes were not accepted.*Another user added this file on this device/,
      )
      for (const tab of [a, b]) {
        await tab.shows('theirs.bin')
        await expect.poll(() => notesIn(tab), { timeout: 60_000 }).toEqual(['behind'])
      }

      sender = undefined
      await a.reload()
      await isRefused('dropped.bin', 'edited.bin')
      const discard = (label: string) => a.page.locator(`button[aria-label="${label}: dropped.bin"]`).click()
      await discard('Discard')
      await discard('Discard for good')
      await isRefused('edited.bin')
      await a.inPage(({ sync: { refused } }) => refused.retry(refused.list()[0]!.id, { name: 'mine.bin' }))
      await isRefused()
      await a.page.waitForSelector('[data-testid=refused]', { hidden: true })
      for (const tab of [a, b]) await tab.shows('theirs.bin', 'mine.bin')
    }))
})

describe.each(ONE_BROWSER)('a user who may no longer write (%s)', (browser) => {
  test('reads so with the words of the server, keeps the files, and sends them when the right is back', () =>
    behindNetwork(browser, async ({ server, network, A, B }) => {
      const sign = await tokenSigner(server)
      let mayWrite = false
      network.token = ({ user, storeId, from }) => {
        // The page still has the token from before.
        const rights = from === 'page' || mayWrite ? ALL : (['read'] as const)
        return sign({ user, storeId, rights, lifetimeMs: 600_000 })
      }
      const a = await A.open()
      const b = await B.open()
      await addFiles(b, 'theirs.bin')
      await addFiles(a, 'mine.bin')
      await a.shows('theirs.bin', 'mine.bin')

      const note = await a.page.waitForSelector('[data-testid=sync-note][data-state=refused]', { timeout: 30_000 })
      expect(await note!.evaluate((element) => element.textContent)).toMatch(
        /This token may not write in the store "gallery"\..*stays on this device/,
      )
      await a.reload()
      await a.page.waitForSelector('[data-testid=sync-note][data-state=refused]', { timeout: 30_000 })
      await a.shows('theirs.bin', 'mine.bin')
      await addFiles(a, 'more.bin')
      await a.shows('theirs.bin', 'mine.bin', 'more.bin')
      await addFiles(b, 'later.bin')
      await a.shows('theirs.bin', 'mine.bin', 'more.bin', 'later.bin')
      await b.shows('theirs.bin', 'later.bin')

      mayWrite = true
      const start = performance.now()
      await b.shows('theirs.bin', 'mine.bin', 'more.bin', 'later.bin')
      console.log(`${browser}: changes are taken ${Math.round(performance.now() - start)} ms after the right is given`)
      await a.page.waitForSelector('[data-testid=sync-note]', { hidden: true, timeout: 30_000 })
      await a.shows('theirs.bin', 'mine.bin', 'more.bin', 'later.bin')
    }))
})
