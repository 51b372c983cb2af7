/** What happens to devices, other than that requests and disks fail. */
import { addressOfKey, type ContentAddress, type RemoteKey } from '@rockpool/protocol'
import type { Device } from './device.ts'
import type { World } from './world.ts'

/** How often each incident happens within the duration: keys of the settings. */
export type Incident =
  | 'tabsOpened'
  | 'tabsClosed'
  | 'tabsKilled'
  | 'devicesKilled'
  | 'freezes'
  | 'outages'
  | 'refusedTokens'
  | 'clockJumps'
  | 'lostIndexes'
  | 'lostObjects'
  | 'lostFolders'
  | 'damagedContents'
  | 'fullDisks'

export const INCIDENTS: readonly Incident[] = [
  'tabsOpened',
  'tabsClosed',
  'tabsKilled',
  'devicesKilled',
  'freezes',
  'outages',
  'refusedTokens',
  'clockJumps',
  'lostIndexes',
  'lostObjects',
  'lostFolders',
  'damagedContents',
  'fullDisks',
]

const HOUR = 3_600_000
const DAY = 24 * HOUR

export const happen = (world: World, incident: Incident, device: Device, devices: readonly Device[]): void => {
  const { random, scheduler } = world
  const after = (ms: number, name: string, run: () => void) => void scheduler.schedule(undefined, name, ms, run)
  const tab = device.tabs.length > 0 ? random.pick(device.tabs) : undefined
  const reopen = () => after(random.int(0, 5_000), `${device.name} is opened again`, () => openIfClosed(device))
  world.count(incident)
  switch (incident) {
    case 'tabsOpened':
      if (device.tabs.length < world.settings.maxTabs) device.openTab()
      return
    case 'tabsClosed':
      if (tab && !tab.isFrozen) void device.closeTab(tab)
      return reopen()
    case 'tabsKilled':
      if (tab) device.killTab(tab)
      return reopen()
    case 'devicesKilled':
      device.kill()
      return reopen()
    case 'freezes': {
      if (!tab || tab.isFrozen) return
      // Some browsers stop a page without a word, and so does a debugger or a busy main thread.
      if (random.chance(0.5)) tab.page.set({ isFrozen: true })
      tab.page.set({ isVisible: false })
      after(random.int(0, 20), `${tab.name} freezes`, () => {
        tab.isFrozen = true
      })
      return after(random.int(1_000, 60_000), `${tab.name} thaws`, () => {
        scheduler.thaw(tab)
        tab.page.set({ isFrozen: false, isVisible: true })
      })
    }
    case 'outages':
      device.setConnected(false)
      // A person may be online while the browser says no, and the other way round.
      if (random.chance(0.2)) device.connection.isUp = true
      return after(random.int(500, 60_000), `${device.name} is connected`, () => device.setConnected(true))
    case 'refusedTokens':
      world.storage.faults.refuse = random.pick(['unauthenticated', 'forbidden', 'too_large'] as const)
      return after(random.int(500, 20_000), 'tokens are taken again', () => (world.storage.faults.refuse = undefined))
    case 'clockJumps':
      device.clockOffset = random.pick([-DAY, -HOUR, HOUR, DAY, 4 * 365 * DAY, 0])
      return
    case 'lostIndexes':
      // A disk that loses its index in mid-flight is a browser that clears the site: all tabs are closed first.
      void Promise.all(device.tabs.map((open) => (open.isFrozen ? device.killTab(open) : device.closeTab(open)))).then(
        () => {
          if (device.tabs.length === 0 && isSynced(world, device)) {
            world.count('index lost')
            device.disk.loseIndex()
            device.pinned.clear()
          }
          reopen()
        },
      )
      return
    case 'lostObjects':
      return void loseObject(world, devices)
    case 'lostFolders':
      return void loseContents(world, device)
    case 'damagedContents':
      return void damageContent(world, device)
    case 'fullDisks':
      device.disk.setFull(true)
      return after(random.int(500, 30_000), `${device.name} has space`, () => device.disk.setFull(false))
  }
}

export const openIfClosed = (device: Device): void => {
  if (device.tabs.length === 0) device.openTab()
}

/** With the index goes the outbox: what only that had is lost with the site's data, and nobody's fault. */
const isSynced = (world: World, device: Device): boolean =>
  [...device.disk.indexStorage.tables.keys()].every((id) => !id.startsWith('outbox:')) &&
  world.backend.device(device.name).pulled === world.backend.confirmed.length

/** Object storage loses a content that some disk has. */
const loseObject = async (world: World, devices: readonly Device[]): Promise<void> => {
  const keys = [...world.storage.objects.keys()].filter((key) => !key.endsWith('.parts')) as RemoteKey[]
  for (const key of keys) {
    const holders = await Promise.all(devices.map(({ disk }) => disk.isIntact(addressOfKey(key))))
    if (!holders.includes(true)) continue
    world.count('object lost')
    world.lostKeys.add(key)
    world.storage.objects.delete(key)
    world.storage.objects.delete(`${key}.parts`)
    return
  }
}

/** The browser deletes OPFS and keeps IndexedDB: only bytes that object storage has, since others would be lost indeed. */
const loseContents = async (world: World, { disk }: Device): Promise<void> => {
  for (const { address } of await disk.contents.list()) {
    if (!isStored(world, address)) continue
    world.count('content lost on disk')
    await disk.contents.delete(address)
  }
}

/** A disk fails and gives other bytes, or fewer. */
const damageContent = async (world: World, { disk }: Device): Promise<void> => {
  const whole = (await disk.contents.list()).filter(({ address, size }) => size > 0 && isStored(world, address))
  if (whole.length === 0) return
  world.count('content damaged on disk')
  await disk.damage(world.random.pick(whole).address, world.random.pick(['flipped', 'truncated']))
}

const isStored = (world: World, address: ContentAddress): boolean =>
  [...world.storage.objects.keys()].some((key) => key.endsWith(`/${address}`))
