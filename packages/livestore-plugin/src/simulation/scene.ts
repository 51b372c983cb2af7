/** What users and faults do, spread over the first part of a simulation. */
import type { Device } from './device.ts'
import type { Network } from './network.ts'
import type { Settings } from './settings.ts'
import type { TabProcess } from './tab.ts'
import type { World } from './world.ts'

export interface CommitRecord {
  readonly id: string
  readonly device: number
  readonly tab: TabProcess
  readonly clientOnly: boolean
  readonly refused: boolean
}

export interface SceneOptions {
  readonly world: World
  readonly settings: Settings
  readonly devices: readonly Device[]
  readonly network: Network
  /** pushes what no device would */
  readonly intrude: () => void
  readonly onCommit: (commit: CommitRecord) => void
}

export const playScene = ({ world, settings, devices, network, intrude, onCommit }: SceneOptions): void => {
  const { random } = world
  let ids = 0

  const untilCalm = (ms: number) => Math.min(ms, settings.duration - world.now())

  /** Some happen close to each other. */
  const schedule = (times: number, label: string, run: () => void) => {
    let at = random.next() * settings.duration
    for (let index = 0; index < times; index++) {
      at = random.chance(0.4) ? Math.min(at + random.next() * 20, settings.duration) : random.next() * settings.duration
      world.after(at, label, run)
    }
  }

  const anyTab = (device: Device): TabProcess | undefined =>
    device.tabs().length === 0 ? undefined : random.pick(device.tabs())

  const commit = () => {
    const device = random.pick(devices)
    const tab = anyTab(device)
    if (tab === undefined) return
    const count = random.chance(0.8) ? 1 : random.int(2, 5)
    const commits = Array.from({ length: count }, () => {
      const clientOnly = random.chance(settings.clientOnlyShare)
      return {
        id: letters(ids),
        index: ids++,
        clientOnly,
        refused: !clientOnly && random.chance(settings.refusedShare),
      }
    })
    if (!tab.commit(commits)) return
    world.note(`${tab.process.name} commits ${commits.map(({ id }) => id).join(' ')}`)
    for (const each of commits) onCommit({ ...each, device: device.index, tab })
  }

  const openTab = (device: Device) => {
    if (device.tabs().length < settings.maxTabs) device.openTab()
  }

  const reload = (device: Device) => {
    const tab = anyTab(device)
    if (tab === undefined) return
    device.killTab(tab)
    world.after(random.next() * 50, `device ${device.index} reloads a tab`, () => openTab(device))
  }

  for (const device of devices) {
    world.after(random.next() * 200, 'a tab opens', () => openTab(device))
  }
  const onDevice = (run: (device: Device) => void) => () => run(random.pick(devices))
  schedule(settings.commits, 'scene', commit)
  schedule(settings.tabsOpened, 'a tab opens', onDevice(openTab))
  schedule(settings.reloads, 'a tab reloads', onDevice(reload))
  schedule(
    settings.tabsKilled,
    'a tab ends',
    onDevice((device) => {
      const tab = anyTab(device)
      if (tab !== undefined) device.killTab(tab)
    }),
  )
  schedule(
    settings.leadersKilled,
    'a leader ends',
    onDevice((device) => device.killLeader(random.chance(0.5))),
  )
  schedule(
    settings.leadersRestarted,
    'a leader restarts',
    onDevice((device) => device.leader()?.restart()),
  )
  schedule(
    settings.outages,
    'a network fails',
    onDevice(({ index }) => network.cut(index, untilCalm(random.int(10, 5_000)))),
  )
  schedule(
    settings.outages,
    'a socket fails',
    onDevice(({ index }) => network.cutSockets(index)),
  )
  schedule(settings.serverRestarts, 'the server restarts', () =>
    network.restartServer(untilCalm(random.int(10, 3_000))),
  )
  schedule(
    settings.freezes,
    'a thread freezes',
    onDevice((device) => {
      const process = random.chance(0.5) ? anyTab(device)?.process : device.leader()?.process
      process?.freeze(untilCalm(random.int(10, random.chance(0.2) ? 20_000 : 3_000)))
    }),
  )
  if (settings.intrusions > 0) schedule(settings.intrusions, 'an intruder pushes', intrude)
}

/** a, b, …, z, aa, ab, … */
const letters = (index: number): string =>
  (index >= 26 ? letters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(97 + (index % 26))
