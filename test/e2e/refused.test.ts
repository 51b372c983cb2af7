import { describe, expect, test } from 'vitest'
import { BROWSERS } from './device.ts'
import { addFiles, behindNetwork } from './network-story.ts'
import { tokenSigner } from './network-tokens.ts'

const ALL = ['read', 'write', 'delete'] as const

describe.each(BROWSERS)('a user who may no longer write (%s)', (browser) => {
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
