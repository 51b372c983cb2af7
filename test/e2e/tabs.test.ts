import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { leaderOf } from './leader-of.ts'
import { inWorld } from './world.ts'

describe.each(BROWSERS)('two tabs of one device (%s)', (browser) => {
  test('one leads; when it is closed during an upload the other one finishes it', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const tabs = [await A.open(), await A.open()]
      const leader = await leaderOf(tabs)
      const follower = tabs.find((tab) => tab !== leader)!

      // The upload cannot be over before its tab is closed: the server holds its breath.
      server.suspend()
      await leader.add('tape.bin', 'tape', 30 * MiB)
      await leader.waitForState('tape.bin', 'uploading')
      await leader.close()
      server.resume()

      await follower.shows('tape.bin')
      await follower.waitForState('tape.bin', 'stored')
      expect(await leaderOf([follower])).toBe(follower)

      const b = await B.open()
      await b.shows('tape.bin')
      expect(await b.fetched('tape.bin')).toBe(sha256(bytesOf('tape', 30 * MiB)))
    }))
})
