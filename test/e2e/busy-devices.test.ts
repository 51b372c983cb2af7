import { describe, expect, test } from 'vitest'
import { BROWSERS, createDevice, type Device } from './device.ts'
import { commitNotes, notesIn } from './notes.ts'
import { startServer } from './server.ts'
import type { Tab } from './tab.ts'

const SIZE = 5_000
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

const noteIds = (prefix: string): string[] => Array.from({ length: 100 }, (_, index) => `${prefix}-${index}`)

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

/** Devices with their tabs open, each in a browser of its own. */
const withDevices = async (
  browser: (typeof BROWSERS)[number],
  tabsPerDevice: readonly number[],
  story: (tabs: readonly (readonly Tab[])[]) => Promise<void>,
) => {
  await using server = await startServer()
  await using devices = new AsyncDisposableStack()
  const opened: Tab[][] = []
  for (const count of tabsPerDevice) {
    const device: Device = devices.use(await createDevice(browser, server.url))
    const tabs: Tab[] = []
    for (let tab = 0; tab < count; tab++) tabs.push(await device.open())
    opened.push(tabs)
  }
  await story(opened)
}

describe.each(BROWSERS)('devices that write at the same time (%s)', (browser) => {
  test('three devices that add 100 files each agree, without a reload', () =>
    withDevices(browser, [1, 1, 1], async (devices) => {
      const tabs = devices.flat()
      const added = await Promise.all(tabs.map((tab, index) => addMany(tab, `d${index}`, 100)))
      console.log(`${browser}: three devices agree after ${Math.round(await agree(tabs, added.flat()))} ms`)
    }))

  test('two tabs of one device that add 250 files each agree, and so does another device', () =>
    withDevices(browser, [2, 1], async (devices) => {
      const [[first, second], [other]] = devices as [[Tab, Tab], [Tab]]
      const added = await Promise.all([addMany(first, 't0', 250), addMany(second, 't1', 250)])
      console.log(
        `${browser}: two tabs agree after ${Math.round(await agree([first, second, other], added.flat()))} ms`,
      )
    }))

  test("an app's own events, committed at the same time, are on all devices, each once", () =>
    withDevices(browser, [1, 1], async (devices) => {
      const [a, b] = devices.flat() as [Tab, Tab]
      const [added] = await Promise.all([
        Promise.all([addMany(a, 'a', 50), addMany(b, 'b', 50)]),
        commitNotes(a, noteIds('a')),
        commitNotes(b, noteIds('b')),
      ])
      await agree([a, b], added.flat())
      const notes = [...noteIds('a'), ...noteIds('b')]
      for (const tab of [a, b])
        await expect.poll(() => notesIn(tab), { timeout: AGREEMENT_MS }).toEqual(notes.toSorted())
    }))
})
