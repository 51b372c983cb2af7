/** Quotas and held files, as the people of a store see them. */
import { describe, expect, test } from 'vitest'
import { bytesOf, sha256 } from './content.ts'
import { ONE_BROWSER } from './device.ts'
import { withLimits } from './limited-server.ts'

const SIZE = 1_000
/** Of what `tab.add` adds. */
const digestOf = (seed: string) => sha256(bytesOf(seed, SIZE))

describe.each(ONE_BROWSER)('a user over quota (%s)', (browser) => {
  test('sees quota_exceeded with the figures, and the file is added once there is room', () =>
    withLimits(browser, { ROCKPOOL_QUOTA_USER_BYTES: String(2 * SIZE) }, async ({ A, B }) => {
      const [a, b] = [await A.open(), await B.open('?user=bob')]
      for (const name of ['one.bin', 'two.bin', 'three.bin']) await a.add(name, name, SIZE)
      const refused = () =>
        a.inPage(({ sync }) => sync.refused.list().map(({ code, usage, file }) => ({ code, usage, name: file?.name })))
      const usage = { of: 'user', unit: 'bytes', used: 2 * SIZE, limit: 2 * SIZE }
      await expect.poll(refused).toEqual([{ code: 'quota_exceeded', usage, name: 'three.bin' }])
      const list = await a.page.waitForSelector('[data-testid=refused]')
      expect(await list!.evaluate((element) => element.textContent)).toMatch(
        /1 change was not accepted.*2,000 of 2,000 bytes are used\. Delete files of yours/,
      )
      // The quota is one of each user.
      await b.add('bobs.bin', 'bobs.bin', SIZE)
      for (const tab of [a, b]) await tab.shows('one.bin', 'two.bin', 'bobs.bin')

      await a.inPage(async (pool) => pool.remove(pool.files.list({ search: 'one.bin' })[0]!.id))
      await b.shows('two.bin', 'bobs.bin')
      await a.page.locator('button[aria-label="Try again: three.bin"]').click()
      for (const tab of [a, b]) await tab.shows('two.bin', 'three.bin', 'bobs.bin')
      await a.page.waitForSelector('[data-testid=refused]', { hidden: true })
      await expect.poll(() => b.fetched('three.bin')).toBe(digestOf('three.bin'))
    }))
})

const BUCKETS = {
  files: { access: 'store' },
  photos: { access: 'store', hold: { waitSeconds: 3_600, refused: 'keep' } },
}

describe.each(ONE_BROWSER)('a file in a bucket that holds (%s)', (browser) => {
  test('is listed on another device, and read there by its URL only after it is released', () =>
    withLimits(browser, { ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS) }, async ({ url, token, A, B }) => {
      const [a, b] = [await A.open(), await B.open('?user=bob')]
      const id = await a.add('held.bin', 'held', SIZE, { bucket: 'photos' })
      await a.waitForState('held.bin', 'stored')
      await b.shows('held.bin')
      expect(await b.fetched('held.bin')).toMatch(/^status (?!200)\d{3}/)
      // The device that added it has the bytes.
      expect(await a.fetched('held.bin')).toBe(digestOf('held'))

      const released = await fetch(`${url}/storage/v1/object/release/photos/${id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token(['read', 'write', 'admin'])}` },
        body: '{}',
      })
      expect(released.status).toBe(200)
      await expect.poll(() => b.fetched('held.bin')).toBe(digestOf('held'))
    }))
})
