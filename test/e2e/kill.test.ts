import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

describe.each(BROWSERS)('a browser killed right after add resolved (%s)', (browser) => {
  test.each([
    ['a small file', 1_000],
    ['a file of several parts', 30 * MiB],
  ])('still has %s at the next start, and uploads it', (_, size) =>
    inWorld(browser, async ({ A, B }) => {
      const first = await A.open()
      await first.add('kept.bin', 'kept', size)
      await A.kill()

      const a = await A.open()
      await a.shows('kept.bin')
      expect(await a.fetched('kept.bin')).toBe(sha256(bytesOf('kept', size)))
      await a.waitForState('kept.bin', 'stored')

      const b = await B.open()
      await b.shows('kept.bin')
      expect(await b.fetched('kept.bin')).toBe(sha256(bytesOf('kept', size)))
    }),
  )

  test('loses nothing when there was no network either', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const first = await A.open()
      await server.stop()
      await first.add('kept.bin', 'kept', MiB)
      await A.kill()
      await server.start()

      const a = await A.open()
      await a.shows('kept.bin')
      await a.waitForState('kept.bin', 'stored')
      const b = await B.open()
      await b.shows('kept.bin')
      expect(await b.fetched('kept.bin')).toBe(sha256(bytesOf('kept', MiB)))
    }))
})
