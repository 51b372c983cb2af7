/** One simulated device: a disk, a browser with its locks and channels, a network, and tabs that come and go. */
import { makeChannels } from './channels.ts'
import { makeDisk } from './disk.ts'
import { makeLocks } from './locks.ts'
import type { Machine } from './machine.ts'
import { openTab, type Tab } from './tab.ts'
import type { World } from './world.ts'

export interface Device extends Machine {
  /** ids of files that a person pinned here, and did not unpin since */
  readonly pinned: Set<string>
  /** calls of unpin that began */
  unpins: number
  /** calls of unpin that have not ended, or never will */
  readonly unpinning: Set<{ readonly tab: Tab }>
  /** alive ones */
  readonly tabs: readonly Tab[]
  /** tabs whose pool is open and that do not stand still */
  readonly open: readonly Tab[]
  /** adds and replacements that have not ended; those of dead tabs never do */
  readonly changes: Set<{ readonly tab: Tab }>
  openTab(): Tab
  closeTab(tab: Tab): Promise<void>
  killTab(tab: Tab): void
  /** All tabs die, and with them what the log had not sent. */
  kill(): void
  /** @param saysOnline what its browser says of it, if it is wrong */
  setConnected(isUp: boolean, saysOnline?: boolean): void
}

export const makeDevice = (world: World, name: string): Device => {
  let tabs: Tab[] = []
  let opened = 0
  const alive = () => (tabs = tabs.filter(({ isAlive }) => isAlive))
  const device: Device = {
    name,
    disk: makeDisk(world),
    locks: makeLocks((process, what, run) => void world.scheduler.schedule(process, what, world.delay(2), run)),
    channels: makeChannels(world),
    connection: { isUp: true, inFlight: 0 },
    saysOnline: true,
    clockOffset: 0,
    pinned: new Set(),
    unpins: 0,
    unpinning: new Set(),
    changes: new Set(),
    get tabs() {
      return alive()
    },
    get open() {
      return alive().filter(({ pool, isFrozen }) => pool !== undefined && !isFrozen)
    },
    openTab() {
      const tab = openTab(world, device, `${name}.${++opened}`)
      tabs.push(tab)
      return tab
    },
    async closeTab(tab) {
      tab.isClosing = true
      await tab.pool?.close()
      tab.isAlive = false
      device.locks.release(tab)
    },
    killTab(tab) {
      tab.isAlive = false
      device.locks.release(tab)
      // What the tab had appended is in the log's own worker, as long as another tab keeps that alive.
      if (alive().length === 0) world.backend.crash(name)
    },
    kill() {
      for (const tab of alive()) {
        tab.isAlive = false
        device.locks.release(tab)
      }
      world.backend.crash(name)
    },
    setConnected(isUp, saysOnline = isUp) {
      device.connection.isUp = isUp
      device.saysOnline = saysOnline
      if (isUp) world.backend.connect(name)
      else world.backend.disconnect(name)
      for (const { page } of alive()) page.set({ isOnline: saysOnline })
    },
  }
  return device
}
