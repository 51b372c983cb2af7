import { describe, expect, test } from 'vitest'
import { createDevice, ONE_BROWSER } from './device.ts'
import { addFiles, behindNetwork, numbered, socketOpen, timeToShow, withLog } from './network-story.ts'
import { tokenSigner } from './network-tokens.ts'
import { startNetwork } from './network.ts'
import { startServer } from './server.ts'
import { sha256, bytesOf } from './content.ts'
import type { Tab } from './tab.ts'

const DAY_MS = 86_400_000
/** A device that slept 5 s or more notices on waking. */
const SLEEP_MS = 6_000

/** Stops all processes of a tab's browser. @returns wakes them */
const sleep = (tab: Tab): (() => void) => {
  const { pid } = tab.page.browser().process()!
  // Puppeteer starts browsers as leaders of their own process group.
  process.kill(-pid!, 'SIGSTOP')
  return () => void process.kill(-pid!, 'SIGCONT')
}

describe.each(ONE_BROWSER)('a device asleep (%s)', (browser) => {
  test('whose token expires has what the others added within seconds of waking, even if its connection died', () =>
    behindNetwork(browser, async ({ server, network, A, B }) => {
      const sign = await tokenSigner(server)
      const rights = ['read', 'write', 'delete'] as const
      let lifetimeMs = 5_000
      network.token = ({ user, storeId }) => sign({ user, storeId, rights, lifetimeMs })
      const a = await A.open()
      const b = await B.open()
      await socketOpen(network)
      await addFiles(b, 'before.bin')
      await a.shows('before.bin')

      const names = ['before.bin']
      const times: number[] = []
      for (const dies of [false, true]) {
        await socketOpen(network)
        const expired = network.serverCloses.length
        const wake = sleep(a)
        const asleepSince = performance.now()
        if (dies) {
          network.deliver = () => []
          network.passesClose = false
        }
        const added = numbered(dies ? 'dead' : 'alive', 3)
        try {
          await addFiles(b, ...added)
          await expect.poll(() => network.serverCloses.slice(expired), { timeout: 20_000 }).toEqual([4401])
          await addFiles(b, `${added[0]}.late`)
          await expect.poll(() => performance.now() - asleepSince, { timeout: SLEEP_MS }).toBeGreaterThan(SLEEP_MS)
          if (dies) lifetimeMs = 600_000
        } finally {
          wake()
        }
        names.push(...added, `${added[0]}.late`)
        times.push(await timeToShow(a, ...names))
      }
      console.log(`${browser}: after sleep, the lists agree after ${times.join(' and ')} ms`)
    }))
})

describe.each(ONE_BROWSER)('devices whose clocks are a day ahead and a day behind (%s)', (browser) => {
  test('connect once, stay connected and agree', async () => {
    await using server = await startServer()
    await using ahead = await startNetwork(server.url)
    await using behind = await startNetwork(server.url)
    ahead.clockOffsetMs = DAY_MS
    behind.clockOffsetMs = -DAY_MS
    await using A = await createDevice(browser, ahead.url)
    await using B = await createDevice(browser, behind.url)
    await withLog({ ahead, behind }, async () => {
      const a = await A.open()
      const b = await B.open()
      for (const [tab, offset] of [
        [a, DAY_MS],
        [b, -DAY_MS],
      ] as const) {
        expect(Math.abs((await tab.page.evaluate(() => Date.now())) - Date.now() - offset)).toBeLessThan(60_000)
      }
      const names: string[] = []
      const start = performance.now()
      // Longer than a provider waits at least before it renews a token (5 s).
      while (performance.now() - start < 8_000) {
        const added = [`a${names.length}.bin`, `b${names.length}.bin`] as const
        await Promise.all([addFiles(a, added[0]), addFiles(b, added[1])])
        names.push(...added)
        await Promise.all([a.shows(...names), b.shows(...names)])
      }
      await a.waitForState('a0.bin', 'stored')
      expect(await b.fetched('a0.bin')).toBe(sha256(bytesOf('a0.bin', 1_000)))
      for (const network of [ahead, behind]) {
        expect(network.upgradeRequests).toBe(1)
        expect(network.openSockets).toBe(1)
      }
      console.log(
        `${browser}: ${names.length} files with clocks a day off; tokens of the workers: ${[ahead, behind].map(({ tokenRequests }) => tokenRequests.filter((from) => from === 'worker').length).join(' and ')}`,
      )
    })
  })
})
