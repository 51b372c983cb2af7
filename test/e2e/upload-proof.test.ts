import { describe, expect, test } from 'vitest'
import { bytesOf, sha256 } from './content.ts'
import { ONE_BROWSER } from './device.ts'
import { behindNetwork } from './network-story.ts'

describe.each(ONE_BROWSER)('an upload that something between device and object store answers (%s)', (browser) => {
  test.each(['signIn', 'seeOther', 'filter'] as const)(
    '%s: is not stored, is retried, and is stored after it',
    (uploads) =>
      behindNetwork(browser, async ({ network, A, B }) => {
        network.uploads = uploads
        const a = await A.open()
        await a.add('report.bin', 'report', 5_000)
        await expect.poll(() => network.uploadsTaken, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
        expect((await a.tiles()).map(({ state }) => state)).not.toContain('stored')
        const b = await B.open()
        await b.shows('report.bin')
        expect(await b.fetched('report.bin')).toContain('status 404')

        network.uploads = 'pass'
        await a.waitForState('report.bin', 'stored')
        await expect.poll(() => b.fetched('report.bin'), { timeout: 60_000 }).toBe(sha256(bytesOf('report', 5_000)))
      }),
  )
})
