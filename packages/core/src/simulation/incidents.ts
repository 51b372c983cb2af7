/** What happens to devices, other than that requests and disks fail. */
import { addressOfKey, type ContentAddress, partsKey, type RemoteKey } from '@rockpool/protocol'
import { contentOfEvent } from '../records/content-of-event.ts'
import type { Device } from './device.ts'
import type { Incident } from './settings.ts'
import type { Tab } from './tab.ts'
import type { World } from './world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** ms that a tab hangs, and within which another tab that a person sees has to lead in its place */
const HANGS = 5 * MINUTE
const REPLACED_WITHIN = 4 * MINUTE

export const happen = (world: World, incident: Incident, device: Device, devices: readonly Device[]): void => {
  const { random } = world
  const after = (ms: number, name: string, run: () => void) => void world.scheduler.schedule(undefined, name, ms, run)
  const tab = device.tabs.length > 0 ? random.pick(device.tabs) : undefined
  world.count(incident)
  switch (incident) {
    case 'tabsOpened':
      if (device.tabs.length < world.settings.maxTabs) device.openTab()
      return
    case 'tabsClosed':
      if (tab && !tab.isFrozen) void device.closeTab(tab)
      return reopenLater(world, device)
    case 'tabsKilled':
      if (tab) device.killTab(tab)
      return reopenLater(world, device)
    case 'devicesKilled':
      device.kill()
      return reopenLater(world, device)
    case 'freezes':
      if (tab && !tab.isFrozen) freeze(world, tab)
      return
    case 'hungTabs':
      if (tab && !tab.isFrozen) hang(world, device, tab)
      return
    case 'outages':
      device.setConnected(false)
      // A person may be online while the browser says no, and the other way round.
      if (random.chance(0.2)) device.connection.isUp = true
      return after(random.int(500, MINUTE), `${device.name} is connected`, () => device.setConnected(true))
    case 'refusedTokens':
      world.storage.faults.refuse = random.pick(['unauthenticated', 'forbidden', 'too_large'] as const)
      return after(random.int(500, 20_000), 'tokens are taken again', () => (world.storage.faults.refuse = undefined))
    case 'clockJumps':
      device.clockOffset = random.pick([-DAY, -HOUR, HOUR, DAY, 4 * 365 * DAY, 0])
      return
    case 'lostIndexes':
      return void loseIndex(world, device)
    case 'lostObjects':
      return void loseObject(world, devices)
    case 'lostUploads':
      return world.storage.discardUploads()
    case 'lostFolders':
      return void loseContents(world, device, devices)
    case 'damagedContents':
      return void damageContent(world, device, devices)
    case 'fullDisks':
      device.disk.setFull(true)
      return after(random.int(500, 30_000), `${device.name} has space`, () => device.disk.setFull(false))
  }
}

/** A person opens the app again after a while. */
export const reopenLater = (world: World, device: Device): void =>
  void world.scheduler.schedule(undefined, `${device.name} is opened again`, world.random.int(0, 5_000), () =>
    openIfClosed(device),
  )

/** Opens a tab unless there is one, other than tabs that hang. */
export const openIfClosed = (device: Device): void => {
  if (device.tabs.every(({ isHung }) => isHung)) device.openTab()
}

/** The browser stops the page for a while. */
const freeze = (world: World, tab: Tab): void => {
  const { random, scheduler } = world
  // Some browsers stop a page without a word, and so does a busy main thread.
  if (random.chance(0.5)) tab.page.set({ isFrozen: true })
  tab.page.set({ isVisible: false })
  scheduler.schedule(undefined, `${tab.name} freezes`, random.int(0, 20), () => {
    tab.isFrozen = true
  })
  scheduler.schedule(undefined, `${tab.name} thaws`, random.int(1_000, MINUTE), () => thaw(world, tab))
}

export const thaw = ({ scheduler }: World, tab: Tab): void => {
  if (tab.isHung) return
  scheduler.thaw(tab)
  tab.runsSince = scheduler.now
  tab.page.set({ isFrozen: false, isVisible: true })
}

/** A tab stands still in front of a person, in a debugger for example, who goes on in another one. */
const hang = (world: World, device: Device, tab: Tab): void => {
  const { scheduler } = world
  world.count('tab hung')
  Object.assign(tab, { isHung: true, isFrozen: true })
  scheduler.schedule(undefined, `${device.name} is opened again`, 1_000, () => openIfClosed(device))
  scheduler.schedule(undefined, `${tab.name} must be replaced`, REPLACED_WITHIN, () => {
    const since = scheduler.now - REPLACED_WITHIN / 2
    const isWatched = device.open.some(({ page, runsSince }) => page.isVisible() && runsSince < since)
    if (isWatched && device.locks.holder('leader') === tab) world.fail(`${tab.name} hangs and still leads`)
  })
  scheduler.schedule(undefined, `${tab.name} goes on`, HANGS, () => {
    tab.isHung = false
    thaw(world, tab)
  })
}

/** The browser clears the site's data but for its files. All tabs are closed: a disk loses no index in mid-flight. */
const loseIndex = async (world: World, device: Device): Promise<void> => {
  await Promise.all(device.tabs.map((open) => (open.isFrozen ? device.killTab(open) : device.closeTab(open))))
  if (device.tabs.length === 0 && isSynced(world, device)) {
    world.count('index lost')
    device.disk.loseIndex()
    device.pinned.clear()
  }
  reopenLater(world, device)
}

/** With the index goes the outbox: what only that had is lost with the site's data, and nobody's fault. */
const isSynced = (world: World, device: Device): boolean =>
  device.disk.rows('outbox').length === 0 && world.backend.device(device.name).pulled === world.backend.confirmed.length

/** Contents that object storage must have for two to be missing at the same time. */
const MANY = 8

/**
 * Object storage loses content that some disk has. Never most of it: an S3 bucket that lost most is taken for another one, and nothing
 * heals by itself (`storage_suspect`).
 */
const loseObject = async (world: World, devices: readonly Device[]): Promise<void> => {
  const { objects } = world.storage
  const keys = [...objects.keys()].filter((key) => !key.endsWith('.parts')) as RemoteKey[]
  const missing = [...world.lostKeys].filter((key) => !objects.has(key))
  if (missing.length >= (keys.length >= MANY ? 2 : 1)) return
  for (const key of keys) {
    const holders = await Promise.all(devices.map(({ disk }) => disk.isIntact(addressOfKey(key))))
    if (!holders.includes(true)) continue
    world.count('object lost')
    world.scheduler.note(`object storage loses ${key}`)
    world.lostKeys.add(key)
    // Nobody misses what the log does not have.
    const isKnown = devices.every(({ name }) => world.backend.device(name).replica.remoteContents.get(key)?.stored)
    world.needsComparison ||= !isKnown
    world.storage.objects.delete(key)
    world.storage.objects.delete(partsKey(key))
    return
  }
}

/** The browser deletes OPFS and keeps IndexedDB: only bytes that object storage has, since others would be lost indeed. */
const loseContents = async (world: World, device: Device, devices: readonly Device[]): Promise<void> => {
  const { disk } = device
  for (const { address } of await disk.contents.list()) {
    if (isChanging(device) || !isStored(world, devices, address)) continue
    world.count('content lost on disk')
    world.scheduler.note(`the disk of ${device.name} loses ${address}`)
    world.needsComparison = true
    await disk.contents.delete(address)
  }
}

/** A disk fails and gives other bytes, or fewer. */
const damageContent = async (world: World, device: Device, devices: readonly Device[]): Promise<void> => {
  const { disk } = device
  const listed = await disk.contents.list()
  const whole = listed.filter(({ address, size }) => size > 0 && isStored(world, devices, address))
  if (whole.length === 0 || isChanging(device)) return
  world.count('content damaged on disk')
  const { address } = world.random.pick(whole)
  const how = world.random.pick(['flipped', 'truncated'] as const)
  world.scheduler.note(`the disk of ${device.name} gives ${address} ${how}`)
  await disk.damage(address, how)
}

/** Bytes that an add has written may be all there is of them, and nothing names them yet. */
const isChanging = ({ changes }: Device): boolean => [...changes].some(({ tab }) => tab.isAlive)

/** Whether object storage has the content under each key under which any device wants it or is about to. */
const isStored = (world: World, devices: readonly Device[], address: ContentAddress): boolean => {
  const named = devices.flatMap((device) => {
    const { files, versions } = world.backend.device(device.name).replica
    return [
      ...[...files.values(), ...versions.values()].map(({ remoteKey }) => remoteKey),
      ...device.disk.rows('outbox').flatMap(({ event }) => contentOfEvent(event) ?? []),
    ]
  })
  const stored = [...world.storage.objects.keys()].some((key) => key.endsWith(`/${address}`))
  return stored && named.every((key) => addressOfKey(key) !== address || world.storage.objects.has(key))
}
