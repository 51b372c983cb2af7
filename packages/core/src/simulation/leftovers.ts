/** What an add or a replacement leaves on the disk when it fails: nothing. */
import { addressOfKey, type ContentAddress, hashContent, type RemoteKey } from '@rockpool/protocol'
import { contentOfEvent } from '../records/content-of-event.ts'
import type { Device } from './device.ts'
import { simulatedHashing } from './hashing.ts'
import type { Tab } from './tab.ts'
import type { World } from './world.ts'

/** ms until a person who stops an add does so, at most */
const STOPPED_WITHIN = 100

/**
 * Runs an add or a replacement, which a person may stop. Fails the world when it fails and leaves its bytes, unless the disk
 * failed, too, or another one was under way: then they may stay until the next comparison.
 */
export const changeOnDisk = async <A>(
  world: World,
  device: Device,
  tab: Tab,
  content: Blob,
  run: (signal: AbortSignal) => Promise<A>,
): Promise<A> => {
  const { disk, locks, changes } = device
  const { address } = await hashContent([new Uint8Array(await content.arrayBuffer())], simulatedHashing)
  const before = new Set(changes)
  const isNew = (await disk.contents.parts(address)).length === 0
  const [failures, unavailable] = [disk.failures, locks.unavailable]
  const change = { tab }
  changes.add(change)
  const stop = new AbortController()
  if (world.random.chance(world.settings.stoppedAdds)) {
    const after = world.random.int(0, STOPPED_WITHIN)
    world.scheduler.schedule(tab, 'stops an add', after, () => stop.abort('The person stopped it.'))
  }
  try {
    return await run(stop.signal)
  } catch (error) {
    const isAlone = [...changes].every((other) => other === change || (before.has(other) && !other.tab.isAlive))
    const isClean = isAlone && disk.failures === failures && locks.unavailable === unavailable
    if (isNew && isClean && !isNamed(world, device, address) && (await disk.contents.open(address))) {
      world.fail(`${tab.name} left ${address} on the disk after ${String(error)}`)
    }
    throw error
  } finally {
    changes.delete(change)
  }
}

/** Whether anything names the content, so that it stays for that. */
const isNamed = (world: World, device: Device, address: ContentAddress): boolean => {
  const { files, versions } = world.backend.device(device.name).replica
  const { disk } = device
  const keys: readonly RemoteKey[] = [
    ...[...files.values(), ...versions.values()].map(({ remoteKey }) => remoteKey),
    ...disk.rows('outbox').flatMap(({ event }) => contentOfEvent(event) ?? []),
    ...disk.rows('transfers').map(({ remoteKey }) => remoteKey),
  ]
  return (
    keys.some((key) => addressOfKey(key) === address) || disk.rows('contents').some((row) => row.address === address)
  )
}
