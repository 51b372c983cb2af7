import { describe, test } from 'vitest'
import { ONE_BROWSER } from './device.ts'
import { IS_LONG } from '../long.ts'
import { arm, leaderDied, withPowerCut } from './power-cut.ts'
import { inWorld } from './world.ts'

const SIZE = 1_000
/** Counted: over 120 writes while LiveStore makes its databases, over 45 for the few events below. */
const WRITES_OF_BOOT = IS_LONG ? [1, 22, 65, 90, 121] : [1, 65, 121]
const WRITES_OF_EVENTS = IS_LONG ? [1, 4, 9, 14, 21, 35] : [1, 9, 21]

describe.each(ONE_BROWSER)('a page that ends between two writes of LiveStore (%s)', (browser) => {
  test('while its databases are made, does no harm to the next one', () =>
    inWorld(browser, async ({ A, B }) => {
      for (const writes of WRITES_OF_BOOT) {
        const store = `?store=boot-${writes}`
        const dying = await A.blank()
        await withPowerCut(dying)
        await dying.goto(A.url + `${store}&cut=${writes}`)
        await leaderDied(dying)
        await dying.close()

        const [a, b] = await Promise.all([A.open(store), B.open(store)])
        await a.add('kept.bin', 'kept', SIZE)
        await b.shows('kept.bin')
        await Promise.all([a.close(), b.close()])
      }
    }))

  test('while events come and go, loses none of them, and the devices agree', () =>
    inWorld(browser, async ({ A, B }) => {
      for (const writes of WRITES_OF_EVENTS) {
        const store = `?store=events-${writes}`
        const [dying, b] = await Promise.all([A.open(`${store}&cut=0`, withPowerCut), B.open(store)])
        const other = await A.open(store)
        await arm(dying.page, writes)
        await Promise.all([
          dying.add('1.bin', '1', SIZE),
          b.add('2.bin', '2', SIZE),
          dying.add('3.bin', '3', SIZE),
          leaderDied(dying.page),
        ])
        await dying.close()

        // The tab that was open takes over where the log is, and a fresh one starts there.
        await other.add('4.bin', '4', SIZE)
        const fresh = await A.open(store)
        for (const tab of [other, fresh, b]) await tab.shows('1.bin', '2.bin', '3.bin', '4.bin')
        for (const name of ['1.bin', '3.bin', '4.bin']) await fresh.waitForState(name, 'stored')
        await Promise.all([other.close(), fresh.close(), b.close()])
      }
    }))
})
