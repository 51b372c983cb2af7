import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import type { Tab } from './tab.ts'
import { inWorld } from './world.ts'

/** Which of the tabs holds the Web Lock of the leader. Also fails when there are two such locks. */
const leaderOf = async (tabs: readonly Tab[]): Promise<Tab> => {
  const leads = await Promise.all(
    tabs.map((tab) =>
      tab.inPage(async (pool) => {
        // A tab does not know its own client id: it shows on a lock that it surely holds.
        const probe = `probe-${crypto.randomUUID()}`
        return navigator.locks.request(probe, async () => {
          const { held = [] } = await navigator.locks.query()
          const self = held.find(({ name }) => name === probe)?.clientId
          const leaders = held.filter(({ name }) => name === `rockpool:${pool.storeId}:leader`)
          return leaders.length === 1 && leaders[0]?.clientId === self
        })
      }),
    ),
  )
  expect(leads.filter(Boolean)).toHaveLength(1)
  return tabs[leads.indexOf(true)]!
}

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
