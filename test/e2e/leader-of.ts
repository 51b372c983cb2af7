import { expect } from 'vitest'
import type { Tab } from './tab.ts'

/** Which of the tabs holds the Web Lock of the leader. Also fails when there are two such locks. */
export const leaderOf = async (tabs: readonly Tab[]): Promise<Tab> => {
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
