/** What people do with their files, and what they were promised. */
import { addressOfKey, hashContent, isRockpoolError } from '@rockpool/protocol'
import type { Pool } from '../pool.ts'
import type { PoolEvent } from '../records/events.ts'
import type { FileRecord } from '../records/record.ts'
import type { Device } from './device.ts'
import { simulatedHashing } from './hashing.ts'
import { reopenLater } from './incidents.ts'
import { changeOnDisk } from './leftovers.ts'
import type { Tab } from './tab.ts'
import { BUCKETS, type World } from './world.ts'

/** A change whose promise resolved: from then on no crash may lose its event. */
export interface Promised {
  readonly change: keyof typeof CHANGES
  readonly id: string
}

/** The event of each change. */
export const CHANGES = {
  added: 'v2.FileAdded',
  replaced: 'v2.FileContentReplaced',
  renamed: 'v2.FileRenamed',
  described: 'v2.FileMetaSet',
  removed: 'v2.FileDeleted',
  restored: 'v2.FileRestored',
} as const satisfies Readonly<Record<string, PoolEvent['name']>>

export interface People {
  readonly promised: readonly Promised[]
  /** Someone does something in an open tab of the device. */
  act(device: Device): void
}

type Action = (pool: Pool, file: FileRecord | undefined) => Promise<unknown>

/** How often people do each thing, relative to the others. */
const SHARES = {
  add: 8,
  'add as a stream': 2,
  replace: 3,
  rename: 1,
  'set metadata': 1,
  remove: 3,
  restore: 2,
  revert: 1,
  open: 6,
  'open a version': 2,
  stream: 6,
  pin: 3,
  unpin: 1,
  retry: 1,
  pause: 1,
  resume: 1,
} as const

type ActionName = keyof typeof SHARES

const READING: ReadonlySet<string> = new Set<ActionName>(['open', 'stream', 'pin'])

/** What real servers add to a world is done as often each as files are removed. */
const SERVER_SHARE = SHARES.remove

/** Share of the actions that the people of a world never take. They always add files. */
const LEFT_OUT = 0.2

export const makePeople = (world: World): People => {
  const { random } = world
  const promised: Promised[] = []

  const content = (): Blob => contentOf(random.int(1, world.settings.contents))

  const actionsOn = (device: Device, tab: Tab): Readonly<Record<ActionName, Action>> => {
    const promise = (change: Promised['change'], { id }: FileRecord) => {
      promised.push({ change, id })
      if (!random.chance(world.settings.killedAtPromises)) return
      world.count('killed at its promise')
      if (random.chance(0.5)) device.kill()
      else device.killTab(tab)
      reopenLater(world, device)
    }
    const change = (blob: Blob, run: (signal: AbortSignal) => Promise<FileRecord>) =>
      changeOnDisk(world, device, tab, blob, run)
    const bucket = () => random.pick(Object.keys(BUCKETS))
    return {
      add: async (pool) => {
        const [blob, options] = [content(), { name: `file ${random.int(1, 99)}`, bucket: bucket() }]
        promise('added', await change(blob, (signal) => pool.add(blob, { ...options, signal })))
      },
      'add as a stream': async (pool) => {
        const [blob, options] = [content(), { name: 'stream', bucket: bucket() }]
        promise('added', await change(blob, (signal) => pool.add(blob.stream(), { ...options, signal })))
      },
      replace: async (pool, file) => {
        if (!file) return
        const blob = content()
        promise('replaced', await change(blob, (signal) => pool.replace(file.id, blob, { signal })))
      },
      rename: async (pool, file) => file && promise('renamed', await pool.rename(file.id, `name ${random.int(1, 99)}`)),
      'set metadata': async (pool, file) =>
        file && promise('described', await pool.setMeta(file.id, { n: random.int(1, 99) })),
      remove: async (pool, file) => {
        if (!file) return
        await pool.remove(file.id)
        promise('removed', file)
      },
      restore: async (pool, file) => file && promise('restored', await pool.restore(file.id)),
      revert: async (pool, file) => {
        const version = file && random.pick(pool.versions(file.id))
        if (version) promise('replaced', await pool.revert(file.id, version.id))
      },
      open: async (pool, file) => file && readWhole(world, device, file, () => pool.open(file)),
      'open a version': async (pool, file) => {
        const version = file && random.pick(pool.versions(file.id))
        if (!version) return
        await readWhole(world, device, version, () => pool.open(random.chance(0.5) ? version : version.id))
      },
      stream: async (pool, file) => {
        if (!file) return
        await readWhole(world, device, file, async () => {
          const stream = await pool.stream(file)
          if (random.chance(0.3)) return void (await stream.cancel('The reader left.'))
          return new Response(stream).blob()
        })
      },
      pin: async (pool, file) => {
        if (!file) return
        const begun = device.unpins
        const overlaps = [...device.unpinning].some(({ tab }) => tab.isAlive)
        await pool.pin(file.id)
        // Either of two calls that overlap may take effect last.
        if (!overlaps && device.unpins === begun) device.pinned.add(file.id)
      },
      unpin: async (pool, file) => {
        if (!file) return
        // From the first moment on: it may take effect although it fails.
        device.pinned.delete(file.id)
        device.unpins++
        const call = { tab }
        device.unpinning.add(call)
        await pool.unpin(file.id).finally(() => device.unpinning.delete(call))
      },
      retry: async (pool, file) => file && pool.transfers.retry(file),
      pause: async (pool) => pool.transfers.pause(),
      resume: async (pool) => pool.transfers.resume(),
    }
  }

  const { actions: serverActions = {}, trashMs = Number.POSITIVE_INFINITY } = world.servers
  const names = [
    ...Object.entries(SHARES).filter(([name]) => name === 'add' || !random.chance(LEFT_OUT)),
    ...Object.keys(serverActions).map((name) => [name, SERVER_SHARE] as const),
  ].flatMap(([name, share]) => Array.from({ length: share }, () => name))

  const someFile = (pool: Pool, name: string): FileRecord | undefined => {
    const live = pool.files.list({ limit: 1_000 })
    if (name !== 'restore') {
      // What is in object storage only is looked at first: the rest does not come over the network.
      const remote = READING.has(name) ? live.filter((file) => pool.transfers.status(file).state === 'remote') : []
      const stored = remote.filter(({ remoteKey }) => pool.log.remoteContent(remoteKey)?.stored)
      return random.pick<FileRecord | undefined>([stored, remote, live].find((files) => files.length > 0) ?? [])
    }
    const removed = [...new Set(promised.map(({ id }) => id))].flatMap((id) => {
      const file = pool.log.file(id)
      return file && file.deletedAt !== null && world.clock.now() - file.deletedAt < trashMs ? [file] : []
    })
    return removed.length > 0 ? random.pick(removed) : undefined
  }

  return {
    promised,
    act(device) {
      const tab = random.pick<Tab | undefined>(device.open)
      if (!tab?.pool) return
      const name = random.pick(names)
      const { pool } = tab
      world.count(name)
      const file = someFile(pool, name)
      const act = async () => {
        if (Object.hasOwn(serverActions, name)) await serverActions[name]!(device, pool, file)
        else await actionsOn(device, tab)[name as ActionName](pool, file)
      }
      act().catch((error: unknown) => {
        // Faults make actions fail; they must fail with an error of ours.
        if (isRockpoolError(error)) world.count(`${name} failed: ${error.code}`)
        else world.fail(`${name} failed with ${error instanceof Error ? error.stack : String(error)}`)
      })
    },
  }
}

/** The bytes that people have under a number: of several sizes, and different ones for each number. */
export const contentOf = (number: number): Blob => {
  const { partSize } = simulatedHashing
  const size = [0, 1, 100, partSize, partSize + 1, 3 * partSize, 5 * partSize + 17][number % 7]!
  return new Blob([new Uint8Array(size).fill(number)])
}

/**
 * Nothing is served whose bytes are not those of its address, but for what was flipped on this disk before the read began: it has
 * its length, so that only hashing finds it.
 */
export const readWhole = async (
  world: World,
  { disk }: Device,
  { id, remoteKey }: Pick<FileRecord, 'id' | 'remoteKey'>,
  read: () => Promise<Blob | undefined>,
): Promise<void> => {
  const address = addressOfKey(remoteKey)
  const wasFlipped = disk.flipped.has(address)
  const blob = await read()
  if (!blob || wasFlipped || disk.flipped.has(address)) return
  const served = await hashContent([new Uint8Array(await blob.arrayBuffer())], simulatedHashing)
  if (served.address !== address) world.fail(`other bytes were served for the file ${id}`)
}
