/** A device: its disk, its shared worker, its tabs, and one of them that leads. */
import { type Checks } from './checks.ts'
import { type Disk, makeDisk } from './disk.ts'
import { type LeaderProcess, startLeader } from './leader.ts'
import type { Machines } from './machines.ts'
import type { Network } from './network.ts'
import { makeProcess } from './process.ts'
import { startProvider } from './provider.ts'
import type { Settings } from './settings.ts'
import { makeSharedWorker } from './shared-worker.ts'
import { startTab, type TabProcess } from './tab.ts'
import type { World } from './world.ts'

export interface Device {
  readonly index: number
  readonly disk: Disk
  readonly tabs: () => readonly TabProcess[]
  readonly leader: () => LeaderProcess | undefined
  readonly openTab: () => void
  readonly killTab: (tab: TabProcess) => void
  /** The worker of the leader ends; with its page, or without. */
  readonly killLeader: (withPage: boolean) => void
}

export interface DeviceOptions {
  readonly world: World
  readonly machines: Machines
  readonly settings: () => Settings
  readonly network: Network
  readonly checks: Checks
  readonly index: number
}

export const makeDevice = (options: DeviceOptions): Device => {
  const { world, machines, settings, network, checks, index } = options
  const { random } = world
  const disk = makeDisk()
  const kept: { backendId: string | undefined } = { backendId: undefined }
  let tabs: readonly TabProcess[] = []
  let tabsOpened = 0
  let leaders = 0
  let leader: LeaderProcess | undefined
  let leadingTab: TabProcess | undefined
  let isElecting = false
  let sharedWorker = makeSharedWorker(world, machines, settings)

  /** The lock passes to another tab, mostly at once. */
  const elect = () => {
    if (isElecting) return
    isElecting = true
    world.after(random.next() * (random.chance(0.1) ? 3_000 : 50), `device ${index} elects`, () => {
      isElecting = false
      if (leader?.process.isAlive() || tabs.length === 0) return
      leadingTab = random.pick(tabs)
      const process = makeProcess(world, `leader ${index}.${leaders++}`, () => elect())
      leader = startLeader({
        world,
        machines,
        settings,
        process,
        disk,
        makeProvider: (restart) =>
          startProvider({
            world,
            process,
            machines,
            network,
            device: index,
            kept,
            restart,
            onStuck: () => world.note(`device ${index} says that it is stuck`),
          }),
        onWrite: (before) => checks.afterWrite(index, before, disk),
      })
      sharedWorker.setLeader(leader)
    })
  }

  const killTab = (tab: TabProcess) => {
    tabs = tabs.filter((other) => other !== tab)
    tab.process.kill()
    if (leadingTab === tab) leader?.process.kill()
    // The shared worker lives as long as a tab does.
    if (tabs.length === 0) sharedWorker = makeSharedWorker(world, machines, settings)
  }

  return {
    index,
    disk,
    tabs: () => tabs,
    leader: () => (leader?.process.isAlive() ? leader : undefined),
    openTab: () => {
      const number = tabsOpened++
      const process = makeProcess(world, `tab ${index}.${number}`)
      const tab = startTab({
        world,
        machines,
        settings,
        process,
        port: sharedWorker.connect(process),
        clientId: `device${index}`,
        sessionId: `tab${index}.${number}`,
      })
      tabs = [...tabs, tab]
      if (leader === undefined || !leader.process.isAlive()) elect()
    },
    killTab,
    killLeader: (withPage) => {
      if (withPage && leadingTab !== undefined && tabs.includes(leadingTab)) killTab(leadingTab)
      else leader?.process.kill()
    },
  }
}
