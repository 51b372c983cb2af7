/**
 * Devices and tabs that write at the same time. `ROUNDS=10` runs each story ten times, each in a world of its own, and prints
 * the time of each round: `ROUNDS=10 npm run test:long -- busy-devices -t "three devices"`. The first round that does not agree
 * fails.
 */
import { describe, expect, test } from 'vitest'
import { type BrowserName, createDevice, type Device, ONE_BROWSER } from './device.ts'
import { commitNotes, notesIn } from './notes.ts'
import { IS_LONG } from '../long.ts'
import { startServer } from './server.ts'
import type { Tab } from './tab.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 1)
const ROUND_TIMEOUT_MS = 300_000
const SIZE = 5_000
/** What a device, a tab and an app add. */
const OF_DEVICE = IS_LONG ? 100 : 30
const OF_TAB = IS_LONG ? 250 : 60
const OF_APP = IS_LONG ? 100 : 40
/**
 * After the last add has resolved, every list is whole by then, or never. The time it takes is printed: on a quiet machine it is
 * below 10 s.
 */
const AGREEMENT_MS = 90_000

/** Adds files as fast as the pool takes them, a burst at a time. Resolves with their ids when all are on disk. */
const addMany = (tab: Tab, prefix: string, count: number): Promise<string[]> =>
  tab.inPage(
    async (pool, prefix, count, size) => {
      const ids: string[] = []
      while (ids.length < count) {
        const burst = Array.from({ length: Math.min(10, count - ids.length) }, (_, index) => {
          const name = `${prefix}-${ids.length + index}.bin`
          const head = new TextEncoder().encode(name)
          return pool.add(new Blob([head, new Uint8Array(size - head.length)]), { name })
        })
        ids.push(...(await Promise.all(burst)).map(({ id }) => id))
      }
      return ids
    },
    prefix,
    count,
    SIZE,
  )

const idsIn = (tab: Tab): Promise<string[]> =>
  tab.inPage((pool) =>
    pool.files
      .list({ limit: Number.MAX_SAFE_INTEGER })
      .map(({ id }) => id)
      .sort(),
  )

const noteIds = (prefix: string): string[] => Array.from({ length: OF_APP }, (_, index) => `${prefix}-${index}`)

/** Waits until every tab lists exactly these files. @returns ms since the call */
const agree = async (tabs: readonly Tab[], ids: readonly string[]): Promise<number> => {
  const start = performance.now()
  const expected = ids.toSorted()
  for (const tab of tabs) {
    await expect
      .poll(() => idsIn(tab), { timeout: AGREEMENT_MS - (performance.now() - start), interval: 200 })
      .toEqual(expected)
  }
  return performance.now() - start
}

/** Devices with their tabs open, each in a browser of its own. `story` gives how long they took to agree, ms. */
const withDevices = async (
  browser: BrowserName,
  tabsPerDevice: readonly number[],
  story: (tabs: readonly (readonly Tab[])[]) => Promise<number>,
): Promise<number> => {
  await using server = await startServer()
  await using devices = new AsyncDisposableStack()
  const opened: Tab[][] = []
  for (const count of tabsPerDevice) {
    const device: Device = devices.use(await createDevice(browser, server.url))
    const tabs: Tab[] = []
    for (let tab = 0; tab < count; tab++) tabs.push(await device.open())
    opened.push(tabs)
  }
  // Awaited here: browsers and server end with this function.
  return await story(opened)
}

describe.each(ONE_BROWSER)(
  'devices that write at the same time (%s)',
  { timeout: ROUNDS * ROUND_TIMEOUT_MS },
  (browser) => {
    const inRounds = async (who: string, story: () => Promise<number>) => {
      for (let round = 1; round <= ROUNDS; round++) {
        const ms = await story()
        console.log(`${browser}, round ${round} of ${ROUNDS}: ${who} agree after ${Math.round(ms)} ms`)
      }
    }

    test(`three devices that add ${OF_DEVICE} files each agree, without a reload`, () =>
      inRounds('three devices', () =>
        withDevices(browser, [1, 1, 1], async (devices) => {
          const tabs = devices.flat()
          const added = await Promise.all(tabs.map((tab, index) => addMany(tab, `d${index}`, OF_DEVICE)))
          return agree(tabs, added.flat())
        }),
      ))

    test(`two tabs of one device that add ${OF_TAB} files each agree, and so does another device`, () =>
      inRounds('two tabs', () =>
        withDevices(browser, [2, 1], async (devices) => {
          const [[first, second], [other]] = devices as [[Tab, Tab], [Tab]]
          const added = await Promise.all([addMany(first, 't0', OF_TAB), addMany(second, 't1', OF_TAB)])
          return agree([first, second, other], added.flat())
        }),
      ))

    test("an app's own events, committed at the same time, are on all devices, each once", () =>
      inRounds("an app's own events", () =>
        withDevices(browser, [1, 1], async (devices) => {
          const [a, b] = devices.flat() as [Tab, Tab]
          const [added] = await Promise.all([
            Promise.all([addMany(a, 'a', OF_APP / 2), addMany(b, 'b', OF_APP / 2)]),
            commitNotes(a, noteIds('a')),
            commitNotes(b, noteIds('b')),
          ])
          const start = performance.now()
          await agree([a, b], added.flat())
          const notes = [...noteIds('a'), ...noteIds('b')]
          for (const tab of [a, b])
            await expect.poll(() => notesIn(tab), { timeout: AGREEMENT_MS }).toEqual(notes.toSorted())
          return performance.now() - start
        }),
      ))
  },
)
