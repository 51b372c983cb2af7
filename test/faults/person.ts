/** Someone who uses one device by a plan, while its browser and network fail. */
import { setTimeout as after } from 'node:timers/promises'
import type { Tab } from '../e2e/tab.ts'
import type { Acknowledged, ActionName } from './app/src/actions.ts'
import { type Expected, wrongBytes } from './expected.ts'
import type { Journal } from './journal.ts'
import { callPage, hasEnded, PageEnded } from './page-of.ts'
import type { Operation, Step } from './plan.ts'
import { waitUntil } from './wait-until.ts'
import { CALM } from './weather.ts'
import type { ConnectedDevice } from './world.ts'

export interface Person {
  /** Opens the app. */
  start(): Promise<void>
  /** @param begin `performance.now()` at the start of the plan */
  follow(steps: readonly Step[], begin: number): Promise<void>
  /** Faults end, and the app is open: resolves with its tab, which the person sees. */
  comeBack(): Promise<Tab>
  /** Closes all tabs but that one, and reloads it. */
  reloadAlone(): Promise<void>
  /** files that this person has changed, as far as the changes resolved */
  readonly acknowledged: readonly Acknowledged[]
}

interface OpenTab {
  readonly tab: Tab
  isFrozen: boolean
}

/** As long as a start may take on a busy machine. */
const OPEN_WITHIN_MS = 120_000
const MAX_TABS = 3
const MAX_ACTS = 4
/** The outbox is replayed at a start; the rest is for a busy machine. */
const REPLAYED_WITHIN_MS = 120_000

export const createPerson = (
  { name, browser, network }: ConnectedDevice,
  journal: Journal,
  expected: ReadonlyMap<string, Expected>,
): Person => {
  const acknowledged: Acknowledged[] = []
  /** actions and freezes under way */
  const underWay = new Set<Promise<void>>()
  let tabs: OpenTab[] = []

  const note = (what: string) => journal.note(name, what)
  const track = (work: Promise<void>) => {
    const tracked = work
      .catch((error: unknown) => journal.fail(`${name}: ${String(error)}`))
      .finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }

  const openTab = async () => {
    const tab = await browser.open('', async (page) => {
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warn') note(`console: ${message.text().slice(0, 300)}`)
      })
    })
    const open: OpenTab = { tab, isFrozen: false }
    tabs.push(open)
    const forget = () => void (tabs = tabs.filter((other) => other !== open))
    tab.page.once('close', forget)
    tab.page.once('error', (error) => {
      note(`a tab crashed: ${error.message}`)
      journal.count('crashed tabs')
      forget()
      // Puppeteer's calls into a crashed page end only when it is closed.
      track(closed(tab))
    })
    note(`has ${tabs.length} tabs`)
  }

  const closed = async ({ page }: Tab) => {
    try {
      await page.close()
    } catch (error) {
      if (!hasEnded(error)) throw error
    }
  }

  /** An awake tab, by a number from 0 to 1. */
  const pick = (choice: number): OpenTab | undefined => {
    const awake = tabs.filter(({ isFrozen }) => !isFrozen)
    return awake[Math.floor(choice * awake.length)]
  }

  const act = async (tab: Tab, action: ActionName, content: number, file: number) => {
    const start = performance.now()
    try {
      const result = await callPage(tab, 'act', action, { content, file })
      const took = Math.round(performance.now() - start)
      if (result.kind === 'broken') return journal.fail(`${name}: ${action} failed with ${result.message}`)
      journal.count(result.kind === 'done' ? action : `${action} failed: ${result.code}`)
      note(`${action} ${content}: ${result.kind === 'done' ? 'done' : result.code} (${took} ms)`)
      if (result.kind === 'failed') return
      acknowledged.push(...result.acknowledged)
      const wrong = result.served && wrongBytes(expected, result.served)
      if (wrong) journal.fail(`${name}: ${wrong}`)
    } catch (error) {
      if (!(error instanceof PageEnded)) throw error
      journal.count(`${action}: the page ended`)
      note(`${action} ${content}: the page ended`)
    }
  }

  /** After a SIGKILL: what was acknowledged before is there. */
  const checkAcknowledged = async (files: readonly Acknowledged[]) => {
    const tab = pick(0)?.tab
    if (!tab) return
    const lost = await waitUntil(
      async () => (await callPage(tab, 'lostFiles', files)).join('; ') || undefined,
      REPLAYED_WITHIN_MS,
    )
    if (lost !== undefined) journal.fail(`${name} lost after a SIGKILL: ${lost}`)
  }

  const reload = async ({ page }: Tab) => {
    await page.reload({ waitUntil: 'domcontentloaded' })
    await page.waitForFunction('window.faults !== undefined', { polling: 50, timeout: OPEN_WITHIN_MS })
  }

  const perform = async (operation: Operation): Promise<void> => {
    switch (operation.kind) {
      case 'act': {
        const open = pick(operation.file)
        if (!open) return
        while (underWay.size >= MAX_ACTS) await Promise.race(underWay)
        return track(act(open.tab, operation.action, operation.content, operation.file))
      }
      case 'weather':
        note(`weather: ${JSON.stringify(operation.weather)}`)
        network.weather = operation.weather
        return
      case 'kill': {
        note('SIGKILL')
        const files = [...acknowledged]
        await browser.kill()
        tabs = []
        await after(operation.closedMs)
        await openTab()
        return checkAcknowledged(files)
      }
      case 'openTab':
        if (tabs.length < MAX_TABS) await openTab()
        return
      case 'closeTab': {
        note('closes a tab')
        await tabs[0]?.tab.page.close()
        if (tabs.length === 0) await openTab()
        return
      }
      case 'reload': {
        const open = pick(0)
        if (!open) return
        note('reloads')
        return reload(open.tab)
      }
      case 'freeze': {
        const open = pick(0.99)
        if (open) track(freeze(open, operation.frozenMs))
      }
    }
  }

  const freeze = async (open: OpenTab, ms: number) => {
    // Before the first await: the next step must not pick this tab.
    open.isFrozen = true
    try {
      const session = await open.tab.page.createCDPSession()
      note(`a tab freezes for ${ms} ms`)
      await session.send('Page.setWebLifecycleState', { state: 'frozen' })
      await after(ms)
      await session.send('Page.setWebLifecycleState', { state: 'active' })
      note('a tab thaws')
      await session.detach()
    } catch (error) {
      if (!hasEnded(error)) throw error
    } finally {
      open.isFrozen = false
    }
  }

  return {
    acknowledged,
    start: openTab,
    follow: async (steps, begin) => {
      for (const { at, operation } of steps) {
        await after(Math.max(0, begin + at - performance.now()))
        if (journal.failure !== undefined) return
        await perform(operation)
      }
    },
    comeBack: async () => {
      network.weather = CALM
      await Promise.all(underWay)
      if (tabs.length === 0) await openTab()
      const { tab } = tabs[0]!
      await tab.page.bringToFront()
      await tab.inPage(async (pool) => {
        // As the browser does when the network is back.
        window.dispatchEvent(new Event('online'))
        await pool.transfers.resume()
      })
      return tab
    },
    reloadAlone: async () => {
      const [first, ...others] = tabs
      for (const { tab } of others) await tab.page.close()
      await reload(first!.tab)
    },
  }
}
