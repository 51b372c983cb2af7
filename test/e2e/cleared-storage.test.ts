/** A browser that clears the site's data while the app is open: by a person's click, or for disk space. */
import { describe, expect, test } from 'vitest'
import { bytesOf, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

const SIZE = 300_000

// Only the DevTools protocol of Chromium clears a site's data in parts.
describe.each(BROWSERS.filter((name) => name === 'chromium'))('data cleared under an open tab (%s)', (browser) => {
  test.each(['all', 'file_systems', 'indexeddb', 'service_workers,cache_storage'])(
    'a reload after the loss of %s opens the app, and its files are read and added',
    (types) =>
      inWorld(browser, async ({ A }) => {
        const tab = await A.open()
        await tab.add('reef.bin', 'reef', SIZE)
        await tab.waitForState('reef.bin', 'stored')
        const protocol = await tab.page.createCDPSession()
        const { origin } = new URL(A.url)
        await protocol.send('Storage.clearDataForOrigin', { origin, storageTypes: types })
        await tab.reload()
        await tab.shows('reef.bin')
        expect(await tab.fetched('reef.bin')).toBe(sha256(bytesOf('reef', SIZE)))
        await tab.add('kelp.bin', 'kelp', SIZE)
        await tab.waitForState('kelp.bin', 'stored')
        await tab.reload()
        await tab.shows('reef.bin', 'kelp.bin')
        expect(await tab.fetched('kelp.bin')).toBe(sha256(bytesOf('kelp', SIZE)))
      }),
  )
})
