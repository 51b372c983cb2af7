/**
 * The signer's collector in a simulated world: it reads the sync server's read model, and deletes from the object store while
 * devices work. Each of its steps takes time, and it may die at any of them.
 */
import { type Process, START, STORE_ID, type World } from '@rockpool/core/simulation'
import type { MemoryStore } from '@rockpool/object-store/memory'
import type { ObjectStore } from '@rockpool/object-store'
import { addressOfKey, addressParts, isRockpoolError, partsKey, type RemoteKey } from '@rockpool/protocol'
import { collect, type LiveSet, type LiveSets } from '@rockpool/server'
import { keysOf, type Logs, type ReadModel, type SqlEventLog } from '@rockpool/sync-server'

const MINUTE = 60_000

/**
 * ms between two runs. Days are minutes here, since people work for ten: a change reaches the log within a few, as it does within
 * days in the world.
 */
const EVERY = 5 * MINUTE
const RULES = { graceMs: 15 * MINUTE, retentionMs: 15 * MINUTE }

/** ms in which people restore what they removed */
export const TRASH = 5 * MINUTE

/** ms that the collector's clock is wrong by at most */
const SKEW = 20_000

/** Share of its steps at which the collector dies. */
const DIES = 0.01

export interface CollectorOptions {
  readonly world: World
  readonly store: MemoryStore
  readonly logs: Logs<SqlEventLog>
  /** Appends `ContentLost`, confirmed when it resolves. */
  readonly appendLost: (keys: readonly RemoteKey[]) => Promise<void>
}

export interface Collector {
  /** Once the world is at rest: what nobody names goes, and all else stays. */
  check(): Promise<void>
}

/** Starts the collector: it runs for as long as the world does. */
export const startCollector = ({ world, store, logs, appendLost }: CollectorOptions): Collector => {
  const { random, scheduler } = world
  const skew = random.int(-SKEW, SKEW)
  /** ms that its clock runs ahead once the world is at rest */
  let ahead = 0

  /** One run, which may die. */
  const run = async (): Promise<void> => {
    const process: Process = { name: 'collector', isAlive: true, isFrozen: false }
    const deleted = new Set<RemoteKey>()
    let lastRead: LiveSet | undefined
    const reported = new Set<RemoteKey>()

    const step = async <A>(name: string, work: () => Promise<A>): Promise<A> => {
      await world.pause(process, name, 20)
      if (ahead === 0 && random.chance(DIES)) {
        world.count('collector died')
        process.isAlive = false
      }
      const result = await scheduler.block(work)
      await world.pause(process, `${name} is done`, 20)
      return result
    }
    const slow: ObjectStore = {
      ...store,
      list: (prefix, options) => step('list', () => store.list(prefix, options)),
      get: (key, options) => step('get', () => store.get(key, options)),
      put: (key, body, options) => step('put', () => store.put(key, body, options)),
      exists: (key, options) => step('exists', () => store.exists(key, options)),
      delete: (key, options) =>
        step(`delete ${key}`, () => {
          if (!key.startsWith('gc/') && !key.endsWith('.parts')) {
            world.count('content collected')
            if (lastRead?.live.has(key as RemoteKey))
              world.fail(`the collector deletes ${key}, which it has read as live`)
            deleted.add(key as RemoteKey)
            // A device that names it later sends it again: until then it is lost.
            world.lostKeys.add(key as RemoteKey)
          }
          return store.delete(key, options)
        }),
    }
    const liveSets: LiveSets = {
      storeIds: async () => [STORE_ID],
      read: async (storeId) => {
        const { backendId, readModel } = await logs.open(storeId)
        const live = await readKeys((page) => step('read live keys', () => readModel.liveKeys(page)))
        const named = await readKeys((page) => step('read named keys', () => readModel.namedKeys(page)))
        lastRead = { logId: backendId, live, named: new Set([...named, ...live]) }
        return lastRead
      },
      reportLost: async (_, keys) => {
        world.count('content reported lost')
        for (const key of keys) reported.add(key)
        await step('report lost', () => appendLost(keys))
      },
    }
    const now = () => START + Math.floor(scheduler.now) + skew + ahead
    // An operator has looked: people remove most of their files here.
    await collect({ store: slow, liveSets, storeId: STORE_ID, rules: RULES, accept: true, now })
    for (const key of deleted) {
      if (lastRead?.live.has(key) && !reported.has(key) && !isWhole(store, key)) {
        world.fail(`the collector deleted ${key}, which is live, and did not report it`)
      }
    }
  }

  /** @returns whether it ended: not, when the one before still works, or died just now */
  const tryRun = async (): Promise<boolean> => {
    try {
      await run()
      return true
    } catch (error) {
      if (!isRockpoolError(error, 'conflict')) world.fail(`the collector failed: ${String(error)}`)
      world.count('collector waits for another one')
      return false
    }
  }
  const runSoon = (): void =>
    void scheduler.schedule(undefined, 'collector starts', EVERY, () => {
      if (ahead > 0) return
      runSoon()
      void tryRun()
    })
  runSoon()

  return {
    async check() {
      // The first run finds what was named and is no longer; the second one comes after the retention.
      for (ahead of [60 * MINUTE, 120 * MINUTE]) {
        while (world.failure === undefined && !(await tryRun())) await world.pause(undefined, 'collector waits', MINUTE)
      }
      const { readModel } = await logs.open(STORE_ID)
      const live = await readKeys((page) => scheduler.block(() => readModel.liveKeys(page)))
      for (const key of live) {
        if (!isWhole(store, key) && !world.lostKeys.has(key)) world.fail(`the collector deleted ${key}, which is live`)
      }
      for (const key of store.objects.keys()) {
        const isLive = live.has(key.replace(/\.parts$/, '') as RemoteKey)
        // Of a log that names nothing any more, what it never named is left alone.
        if (!isLive && !key.startsWith('gc/') && live.size > 0)
          world.fail(`the collector left ${key}, which nobody names`)
      }
    },
  }
}

/** Pages of two, so that the log grows between two of them. */
const readKeys = async (readPage: ReadModel['liveKeys']): Promise<Set<RemoteKey>> => {
  const keys = new Set<RemoteKey>()
  for await (const page of keysOf((options) => readPage({ ...options, limit: 2 }))) {
    for (const key of page) keys.add(key)
  }
  return keys
}

const isWhole = ({ objects }: MemoryStore, key: RemoteKey): boolean =>
  objects.has(key) && (addressParts(addressOfKey(key)) === 1 || objects.has(partsKey(key)))
