/** One tab of a simulated device: an engine on simulated ports, that can be killed at each of its awaits. */
import { createPool } from '../create-pool.ts'
import { memoryPage, type MemoryPage } from '../memory/page.ts'
import { memoryRecordLog } from '../memory/record-log.ts'
import type { Platform } from '../platform/platform.ts'
import type { Pool } from '../pool.ts'
import type { RecordLog } from '../ports/record-log.ts'
import { simulatedHashing } from './hashing.ts'
import type { Machine } from './machine.ts'
import { makeNetwork } from './network.ts'
import type { Process } from './scheduler.ts'
import { BUCKETS, CLAIMS, START, STORE_ID, type World } from './world.ts'

export interface Tab extends Process {
  readonly page: MemoryPage
  /** A person has closed it, and it ends its work. */
  isClosing: boolean
  /** It hangs: its tasks wait, and it has told nobody. */
  isHung: boolean
  /** ms, when it was opened or last stood still */
  runsSince: number
  /** undefined while it opens, or when it could not */
  pool: Pool | undefined
  /** resolves when the pool is open or could not be opened */
  readonly opened: Promise<void>
}

export const openTab = (world: World, device: Machine, name: string): Tab => {
  const page = memoryPage()
  page.set({ isOnline: device.saysOnline })
  const process: Process = { name, isAlive: true, isFrozen: false }
  const platform = platformOf(world, device, process, page)
  const network = makeNetwork(world, { process, device, platform })
  const opening = createPool({
    log: logOf(world, device, process),
    blobs: device.disk.blobs(process),
    index: device.disk.index(process),
    signer: network.signer,
    fetch: network.fetch,
    send: network.send,
    platform,
    device: device.name,
    buckets: BUCKETS,
    claims: () => CLAIMS,
  })
  const tab: Tab = Object.assign(process, {
    page,
    pool: undefined,
    isClosing: false,
    isHung: false,
    runsSince: world.scheduler.now,
    opened: opening.then(
      (pool) => {
        tab.pool = pool
      },
      (error: unknown) => {
        // A disk that fails while the pool opens: the person reloads.
        world.count(`pool not opened: ${error instanceof Error ? error.message : String(error)}`)
        tab.isAlive = false
      },
    ),
  })
  return tab
}

/** What a tab or a service worker of this device needs of its browser. */
export const platformOf = (world: World, device: Machine, process: Process, page: MemoryPage): Platform => {
  const { scheduler, random } = world
  const openedAt = scheduler.now
  return {
    newId: world.newId,
    random: random.next,
    hashing: simulatedHashing,
    clock: {
      now: () => START + Math.floor(scheduler.now) + device.clockOffset,
      monotonic: () => scheduler.now - openedAt,
      setTimer: (callback, ms) => scheduler.schedule(process, 'timer', ms, callback),
    },
    locks: device.locks.of(process),
    openChannel: (name) => device.channels.open(process, name),
    page,
    warn: (message) => world.scheduler.note(`${process.name} warns: ${message}`),
    isPersisted: async () => true,
  }
}

/** The log as this tab sees it. A dead tab appends nothing, and neither it nor a frozen one hears of anything. */
const logOf = (world: World, device: Machine, process: Process): RecordLog => {
  const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: device.name })
  return {
    ...log,
    append(events) {
      if (process.isAlive) log.append(events)
    },
    subscribe: (listener) =>
      log.subscribe(() => void world.scheduler.schedule(process, 'log changed', world.delay(2), listener)),
    async *confirmations(since, signal) {
      for await (const confirmation of log.confirmations(since, signal)) {
        await world.pause(process, 'event confirmed', 5)
        yield confirmation
      }
    },
  }
}
