import { describe, test } from 'vitest'
import { BROWSERS } from './device.ts'
import { arm, leaderDied, withPowerCut } from './power-cut.ts'
import { inWorld } from './world.ts'

const SIZE = 1_000
/** Counted: over 120 writes while LiveStore makes its databases, over 45 for the few events below. */
const WRITES_OF_BOOT = [1, 21, 64, 89, 120]
const WRITES_OF_EVENTS = [1, 3, 8, 13, 20, 34]

describe.each(BROWSERS)('a page that ends between two writes of LiveStore (%s)', (browser) => {
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
        await arm(dying.page, writes)
        await Promise.all([
          dying.add('1.bin', '1', SIZE),
          b.add('2.bin', '2', SIZE),
          dying.add('3.bin', '3', SIZE),
          leaderDied(dying.page),
        ])
        await dying.close()

        const a = await A.open(store)
        await a.add('4.bin', '4', SIZE)
        for (const tab of [a, b]) await tab.shows('1.bin', '2.bin', '3.bin', '4.bin')
        for (const name of ['1.bin', '3.bin', '4.bin']) await a.waitForState(name, 'stored')
        await Promise.all([a.close(), b.close()])
      }
    }))
})
