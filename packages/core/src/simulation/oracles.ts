/** What must hold of a simulated world: on the way, and once faults have stopped. */
import { addressOfKey, isRockpoolError, type RemoteKey } from '@rockpool/protocol'
import type { FileRow } from '../ports/local-index.ts'
import type { FileRecord } from '../records/record.ts'
import type { Device } from './device.ts'
import { CHANGES, type People, readWhole } from './people.ts'
import type { World } from './world.ts'

const replicaOf = (world: World, device: Device) => world.backend.device(device.name).replica

const liveFiles = (world: World, device: Device): readonly FileRecord[] =>
  [...replicaOf(world, device).files.values()].filter(({ deletedAt }) => deletedAt === null)

/** Contents of live files, and of their kept versions. */
const wantedKeys = (world: World, device: Device): ReadonlySet<RemoteKey> => {
  const { versions } = replicaOf(world, device)
  const live = new Set(liveFiles(world, device).map(({ id }) => id))
  const former = [...versions.values()].filter(({ fileId }) => live.has(fileId))
  return new Set([...liveFiles(world, device), ...former].map(({ remoteKey }) => remoteKey))
}

const isSomewhere = async (world: World, devices: readonly Device[], key: RemoteKey): Promise<boolean> => {
  if (world.storage.objects.has(key)) return true
  for (const { disk } of devices) if (await disk.isIntact(addressOfKey(key))) return true
  return false
}

/** @returns call it after each step: whether bytes went from a disk or from object storage since the last call */
export const watchRemovals = ({ storage }: World, devices: readonly Device[]): (() => boolean) => {
  let [removals, keys] = [0, new Set<string>()]
  return () => {
    const before = { removals, keys }
    removals = devices.reduce((sum, { disk }) => sum + disk.removals, 0)
    keys = new Set(storage.objects.keys())
    return removals !== before.removals || [...before.keys].some((key) => !storage.objects.has(key))
  }
}

/** At any moment the bytes of a live file and of its kept versions are in object storage or on some disk. */
export const checkBytes = async (world: World, devices: readonly Device[]): Promise<void> => {
  for (const device of devices) {
    for (const key of wantedKeys(world, device)) {
      if (!(await isSomewhere(world, devices, key))) world.fail(`the bytes of ${key} are nowhere`)
    }
  }
}

/** What a service worker reads of files, to compare. */
const mirrorOf = (files: readonly FileRow[]): string =>
  JSON.stringify(
    files
      .map(({ id, name, type, size, remoteKey }) => [id, name, type, size, remoteKey] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/** @returns why the world has not come to rest, or undefined when it has */
export const whyNotAtRest = (world: World, devices: readonly Device[]): string | undefined => {
  const head = world.backend.confirmed.length
  for (const device of devices) {
    const { name, disk } = device
    if (device.open.length === 0) return `${name} has no open tab`
    if (world.backend.device(name).pulled < head) return `${name} has not pulled everything`
    const waiting = disk.rows('outbox').find(({ refused }) => !refused)
    if (waiting) return `the outbox of ${name} has ${waiting.event.name}`
    const transfer = disk.rows('transfers')[0]
    if (transfer) return `the queue of ${name} has ${transfer.id}: ${transfer.state} ${transfer.error?.code ?? ''}`
    for (const remoteKey of wantedKeys(world, device)) {
      if (!world.storage.objects.has(remoteKey) && !world.lostKeys.has(remoteKey)) {
        return `object storage lacks ${remoteKey}`
      }
    }
    const mirrored = mirrorOf(disk.rows('files'))
    if (mirrored !== mirrorOf(liveFiles(world, device))) return `the service worker of ${name} has other files`
  }
  return undefined
}

/** Once at rest: nothing that was promised is lost, and devices agree. */
export const checkRecords = (world: World, devices: readonly Device[], { promised }: People): void => {
  const { confirmed } = world.backend
  for (const table of ['files', 'versions', 'remoteContents'] as const) {
    const rows = devices.map((device) => JSON.stringify(sorted([...replicaOf(world, device)[table]])))
    for (const [i, row] of rows.entries()) {
      if (row !== rows[0]) world.fail(`${devices[i]!.name} and ${devices[0]!.name} have other ${table}`)
    }
  }
  const { files } = replicaOf(world, devices[0]!)
  const events = new Map(confirmed.map(({ event }) => [event.opId, event]))
  const count = <Item>(items: Iterable<Item>, isCounted: (item: Item) => boolean) => [...items].filter(isCounted).length
  for (const { change, id } of promised) {
    if (!files.has(id)) world.fail(`the file ${id} was ${change} and is lost`)
    const made = count(events.values(), ({ name, args }) => name === CHANGES[change] && 'id' in args && args.id === id)
    const due = count(promised, (other) => other.change === change && other.id === id)
    // Removing what is removed, and restoring what is there, makes no event.
    if (made < (change === 'removed' || change === 'restored' ? 1 : due))
      world.fail(`the file ${id} was ${change}, and the log lacks it`)
  }
  if (events.size !== confirmed.length) world.count('event repeated in the log')
}

const sorted = (entries: readonly (readonly [string, unknown])[]) => entries.toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Once at rest: what object storage lost is there again, unless every device has it, so that no one can have noticed. */
export const whyNotHealed = async (world: World, devices: readonly Device[]): Promise<string | undefined> => {
  for (const key of world.lostKeys) {
    if (world.storage.objects.has(key)) continue
    if (!devices.some((device) => liveFiles(world, device).some(({ remoteKey }) => remoteKey === key))) continue
    for (const { name, disk } of devices) {
      if (!(await disk.contents.open(addressOfKey(key)))) return `object storage lost ${key}, and ${name} lacks it`
    }
  }
  return undefined
}

/** Once at rest: each index names what the disk has, of the live files. */
export const checkDisks = async (world: World, devices: readonly Device[]): Promise<void> => {
  for (const device of devices) {
    const live = liveFiles(world, device)
    const liveAddresses = new Set(live.map(({ remoteKey }) => addressOfKey(remoteKey)))
    for (const { address, size } of device.disk.rows('contents')) {
      if (!liveAddresses.has(address)) continue
      const blob = await device.disk.contents.open(address)
      if (blob?.size !== size) world.fail(`${device.name} lacks bytes of ${address}, and its index names them`)
    }
  }
}

/** At rest: the log says of each content that a device has and object storage has, too, that it is stored. */
export const whyNotKnown = async (world: World, devices: readonly Device[]): Promise<string | undefined> => {
  for (const device of devices) {
    const { remoteContents } = replicaOf(world, device)
    for (const key of wantedKeys(world, device)) {
      if (remoteContents.get(key)?.stored || !world.storage.objects.has(key)) continue
      const holders = await Promise.all(devices.map(({ disk }) => disk.isIntact(addressOfKey(key))))
      if (holders.includes(true)) return `${device.name} does not know ${key} as stored`
    }
  }
  return undefined
}

/** Before anyone opens them: each index names what its disk has, also of adds that failed. @returns why one does not */
export const whyNotCompared = async (devices: readonly Device[]): Promise<string | undefined> => {
  for (const device of devices) {
    const { name, disk } = device
    const named = new Set(disk.rows('contents').map(({ address }) => address))
    for (const address of named) {
      if (!(await disk.contents.open(address))) return `the index of ${name} names ${address}, which is not on the disk`
    }
    for (const { address, complete } of await disk.contents.list()) {
      const isUnknown = complete && !named.has(address) && (await disk.isIntact(address))
      if (isUnknown) return `${address} is on the disk of ${name}, and its index does not name it`
    }
  }
  return undefined
}

/** Before anyone opens it: a pinned file is on the disk. @returns the first that is not */
export const whyNotPinned = async (world: World, devices: readonly Device[]): Promise<string | undefined> => {
  for (const device of devices) {
    for (const { id, remoteKey } of liveFiles(world, device)) {
      if (!device.pinned.has(id) || world.lostKeys.has(remoteKey)) continue
      if (!(await device.disk.contents.open(addressOfKey(remoteKey))))
        return `${device.name} lacks the pinned file ${id}`
    }
  }
  return undefined
}

/** Opens each live file on each device. @returns the first that cannot be opened and why, or undefined */
export const openEverything = async (world: World, devices: readonly Device[]): Promise<string | undefined> => {
  let problem: string | undefined
  for (const device of devices) {
    const pool = device.open[0]?.pool
    if (!pool) return `${device.name} has no open tab`
    for (const file of liveFiles(world, device)) {
      try {
        await readWhole(world, device, file, () => pool.open(file))
      } catch (error) {
        if (!isRockpoolError(error)) world.fail(`opening failed with ${String(error)}`)
        problem ??= `${device.name} cannot open ${file.id}: ${isRockpoolError(error) ? error.code : String(error)}`
      }
    }
  }
  return problem
}
