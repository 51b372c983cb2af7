/** A leader that stands still in the middle of an upload, in two ways; Chromium, since both are driven by its protocol. */
import type { Pool } from '@rockpool/core'
import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { leaderOf } from './leader-of.ts'
import type { Tab } from './tab.ts'
import { waitingEvents } from './waiting-events.ts'
import { inWorld, type World } from './world.ts'

/** Longer than a follower waits for a sign of life. */
const HANG_MS = 40_000

/** Resolves when the tab runs again. */
type StandStill = (leader: Tab) => Promise<() => Promise<void>>

/** As a page does in a debugger, or in an endless loop: no event, no timer, no message, and its workers go on. */
const hang: StandStill = async ({ page }) => {
  const session = await page.createCDPSession()
  await session.send('Runtime.enable')
  const hanging = session.send('Runtime.evaluate', {
    expression: `for (const until = performance.now() + ${HANG_MS}; performance.now() < until; );`,
  })
  return async () => {
    await hanging
    await session.detach()
  }
}

/** Resolves when the transactions that are open now have ended. Runs in the page. */
const untilIndexRests = (pool: Pool): Promise<void> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(`rockpool-${pool.storeId}`)
    opening.addEventListener('error', () => reject(opening.error))
    opening.addEventListener('success', () => {
      const database = opening.result
      const transaction = database.transaction([...database.objectStoreNames], 'readwrite')
      transaction.addEventListener('complete', () => resolve(database.close()))
    })
  })

/**
 * As Chromium freezes a page in the background: with an event before, and its workers with it. It freezes none that has a transaction
 * for which other pages wait; the protocol does, and Chromium ends that transaction after 60 s.
 */
const freeze: StandStill = async ({ page, inPage }) => {
  await inPage(untilIndexRests)
  const session = await page.createCDPSession()
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return async () => {
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await session.detach()
  }
}

const story = async ({ server, A, B }: World, standStill: StandStill) => {
  const tabs = [await A.open(), await A.open()]
  const leader = await leaderOf(tabs)
  const follower = tabs.find((tab) => tab !== leader)!
  await follower.page.bringToFront()

  // The upload cannot be over before its tab stands still: the server holds its breath.
  server.suspend()
  await leader.add('tape.bin', 'tape', 30 * MiB)
  await leader.waitForState('tape.bin', 'uploading')
  const wake = await standStill(leader)
  server.resume()
  await follower.shows('tape.bin')
  await follower.waitForState('tape.bin', 'stored')
  expect(await leaderOf([follower])).toBe(follower)

  await wake()
  await leader.waitForState('tape.bin', 'stored')
  expect(await leaderOf(tabs)).toBe(follower)
  const b = await B.open()
  await b.shows('tape.bin')
  expect(await b.fetched('tape.bin')).toBe(sha256(bytesOf('tape', 30 * MiB)))

  // It stands again as a follower: when the other one is closed, it leads.
  await follower.close()
  await leader.add('song.bin', 'song', 1 * MiB)
  await leader.waitForState('song.bin', 'stored')
  await b.shows('song.bin', 'tape.bin')
}

describe.runIf(BROWSERS.includes('chromium'))('a visible follower takes over from a leader', () => {
  test('that hangs, and the leader stands again as a follower when it goes on', () =>
    inWorld('chromium', (world) => story(world, hang)))

  test('that the browser has frozen, and the leader stands again as a follower when it is thawed', () =>
    inWorld('chromium', (world) => story(world, freeze)))

  // The hung page's worker still leads LiveStore. LiveStore ends the event streams of other tabs when that worker goes.
  test('and empties the outbox, also after the tab whose worker leads LiveStore is closed', () =>
    inWorld('chromium', async ({ A }) => {
      const tabs = [await A.open(), await A.open()]
      const hung = await leaderOf(tabs)
      const follower = tabs.find((tab) => tab !== hung)!
      await follower.page.bringToFront()
      const wake = await hang(hung)
      await expect.poll(() => leaderOf([follower]), { timeout: HANG_MS }).toBe(follower)
      await wake()
      await follower.add('before.bin', 'before', 10_000)
      await expect.poll(() => waitingEvents(follower)).toBe(0)

      await hung.close()
      await follower.add('after.bin', 'after', 10_000)
      await follower.waitForState('after.bin', 'stored')
      await expect.poll(() => waitingEvents(follower)).toBe(0)
    }))
})
