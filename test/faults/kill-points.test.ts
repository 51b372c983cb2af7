/**
 * The page or the whole browser ends at an await of a port, one after the other, in each operation of a file
 * (`app/src/interrupts.ts`). After each, the app is opened again on the same profile. `npm run test:long` ends it at every await.
 */
import { describe, expect, test } from 'vitest'
import { BROWSERS } from '../e2e/device.ts'
import type { Tab } from '../e2e/tab.ts'
import { IS_LONG } from '../long.ts'
import { contentOf } from './app/src/content.ts'
import type { InterruptiblePage } from './app/src/interruptible-pool.ts'
import { expectedContents, wrongBytes } from './expected.ts'
import { type NamedState, whyBusy, whyNotEqual, whyNotSwept } from './oracles.ts'
import { callPage, hasEnded, PageEnded } from './page-of.ts'
import { waitUntil } from './wait-until.ts'
import { type ConnectedDevice, createWorld } from './world.ts'

/** Two parts, so that every way of a multipart transfer is taken. */
const TWO_PARTS = 8 * 1_024 * 1_024 + 1_000
const SMALL = 1_000

/** A test takes this long on a machine that is busy with other work at most. */
const TIMEOUT_MS = 20 * 60_000
const REST_WITHIN_MS = 6 * 60_000

/** Every sixth await; a death takes 3 to 7 s. */
const STEP = IS_LONG ? 1 : 6

/** Every fourth death is the browser's, by SIGKILL; the others are the page's. */
const KILL_EVERY = 4

interface Story {
  /** bytes of each file */
  readonly size: number
  /** Prepares what the operation needs. @returns the id of its file, if there is one before */
  readonly prepare: (tab: Tab, other: Tab, number: number) => Promise<string>
  /** Resolves when the operation has ended. */
  readonly operate: (tab: Tab, id: string, number: number) => Promise<unknown>
}

const interruptsOf = (tab: Tab) => ({
  arm: (point: number): Promise<void> =>
    tab.inPage((_pool, point) => (window as never as InterruptiblePage).interrupts.arm(point), point),
  disarm: (): Promise<readonly string[]> =>
    tab.inPage(() => (window as never as InterruptiblePage).interrupts.disarm()),
})

type Rule = (state: NamedState) => string | undefined

/** Waits until these tabs have come to rest and list the same. */
const rest = async (tabs: readonly Tab[], rule: Rule = whyBusy) => {
  const reason = await waitUntil(async () => {
    const states = await Promise.all(
      tabs.map(async (tab, index) => ({ name: `tab ${index + 1}`, state: await callPage(tab, 'state') })),
    )
    return states.map(rule).find((reason) => reason !== undefined) ?? whyNotEqual(states)
  }, REST_WITHIN_MS)
  expect(reason).toBeUndefined()
}

/** @returns ends the page at once, even one whose thread stands still */
const crasherOf = async ({ page }: Tab): Promise<() => Promise<void>> => {
  // Attached before: a page that stands still takes no more sessions.
  const session = await page.createCDPSession()
  return async () => {
    const crashed = new Promise((resolve) => page.once('error', resolve))
    // The response is lost with the page.
    session.send('Page.crash').catch(() => {})
    await crashed
    await page.close()
  }
}

/** @returns the points at which the operation was ended, and the tab that is open after all of them */
const killAtAwaits = async (device: ConnectedDevice, other: Tab, { prepare, operate }: Story) => {
  const points: string[] = []
  let tab = await device.browser.open('?interrupt')
  while (true) {
    // The operation may have been to resume.
    await tab.inPage((pool) => pool.transfers.resume())
    await rest([tab, other])
    const number = points.length + 1
    const id = await prepare(tab, other, number)
    const crash = await crasherOf(tab)
    const stopped = device.network.nextStop()
    await interruptsOf(tab).arm(1 + (number - 1) * STEP)
    const survived = operate(tab, id, number)
      // What the engine does beside the operation may stop the page just after it has ended.
      .then(() => interruptsOf(tab).disarm())
      .then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof PageEnded || hasEnded(error)) return stopped
          throw error
        },
      )
    const point = await Promise.race([stopped, survived])
    if (point === undefined) return { points, tab }
    points.push(point)
    if (number % KILL_EVERY === 0) await device.browser.kill()
    else await crash()
    tab = await device.browser.open('?interrupt')
  }
}

/** @returns the names of the files that are left, and the one whose operation was not interrupted */
const run = async (story: Story): Promise<{ readonly names: readonly string[]; readonly finished: string }> => {
  await using world = await createWorld(['device', 'other', 'newcomer'])
  const [device, otherDevice, newcomer] = world.devices as [ConnectedDevice, ConnectedDevice, ConnectedDevice]
  const other = await otherDevice.browser.open()
  const { points, tab } = await killAtAwaits(device, other, story)
  console.log(`Ended at ${points.length} points: ${points.join(', ')}`)
  expect(points.length).toBeGreaterThan(0)

  const contents = [...points, 'none'].map((_, index) => contentOf(index + 1, story.size))
  const expected = expectedContents(contents)
  const fresh = await newcomer.browser.open()
  const tabs = [tab, other, fresh]
  await rest(tabs, (state) => whyBusy(state) ?? whyNotSwept(state))
  for (const tab of tabs) {
    const { served, unopened } = await callPage(tab, 'openAll', 'open')
    expect(unopened).toEqual([])
    for (const file of served) expect(wrongBytes(expected, file)).toBeUndefined()
  }
  // Awaited here: the browsers end with this function.
  const names = await fresh.inPage((pool) => pool.files.list({ limit: 1_000 }).map(({ name }) => name))
  return { names, finished: nameOf(points.length + 1) }
}

/** As `app/src/file-steps.ts` names the file. */
const nameOf = (number: number) => `${number}.bin`

/** All files up to this one. */
const numberedUpTo = (finished: string) =>
  Array.from({ length: Number.parseInt(finished, 10) }, (_, index) => nameOf(index + 1)).toSorted()

describe.runIf(BROWSERS.includes('chromium'))('a page or browser that ends at any await of a port', () => {
  test('while a file is added, has the whole file or none of it', { timeout: TIMEOUT_MS }, async () => {
    const { names, finished } = await run({
      size: TWO_PARTS,
      prepare: async () => '',
      operate: (tab, _, number) => callPage(tab, 'addNumbered', number, TWO_PARTS),
    })
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain(finished)
  })

  test('while a file is uploaded, uploads it after the next start', { timeout: TIMEOUT_MS }, async () => {
    const { names, finished } = await run({
      size: TWO_PARTS,
      prepare: async (tab, _, number) => {
        await tab.inPage((pool) => pool.transfers.pause())
        return callPage(tab, 'addNumbered', number, TWO_PARTS)
      },
      operate: async (tab, id) => {
        await tab.inPage((pool) => pool.transfers.resume())
        await callPage(tab, 'whenState', id, 'stored')
      },
    })
    expect(names.toSorted()).toEqual(numberedUpTo(finished))
  })

  test('while a file is downloaded, opens it after the next start', { timeout: TIMEOUT_MS }, async () => {
    const { names, finished } = await run({
      size: TWO_PARTS,
      prepare: async (tab, other, number) => {
        const id = await callPage(other, 'addNumbered', number, TWO_PARTS)
        await callPage(other, 'whenState', id, 'stored')
        await callPage(tab, 'whenState', id, 'remote')
        return id
      },
      operate: (tab, id) => callPage(tab, 'read', id),
    })
    expect(names.toSorted()).toEqual(numberedUpTo(finished))
  })

  test('while a file is removed, has removed it everywhere or nowhere', { timeout: TIMEOUT_MS }, async () => {
    const { names, finished } = await run({
      size: SMALL,
      prepare: async (tab, other, number) => {
        const id = await callPage(tab, 'addNumbered', number, SMALL)
        await rest([tab, other])
        return id
      },
      operate: (tab, id) => callPage(tab, 'remove', id),
    })
    expect(new Set(names).size).toBe(names.length)
    expect(names).not.toContain(finished)
  })
})
