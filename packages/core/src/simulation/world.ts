/** What all parts of one simulation share. */
import type { Buckets, RemoteKey, TokenClaims } from '@rockpool/protocol'
import { memorySigner } from '../memory/signer.ts'
import { memorySyncBackend } from '../memory/sync-backend.ts'
import type { Environment } from './environment.ts'
import { makeRandom } from './random.ts'
import { makeScheduler, type Process } from './scheduler.ts'
import { type Settings, makeSettings } from './settings.ts'
import { simulatedHashing } from './hashing.ts'
import type { Servers } from './servers.ts'

export const STORE_ID = 'reef'

/** The person of all devices. */
export const USER = 'ada'
export const CLAIMS: TokenClaims = { sub: USER, stores: { [STORE_ID]: ['read', 'write', 'delete'] } }
/** `own` has keys with the segment of its user. */
export const BUCKETS = { files: { access: 'store' }, own: { access: 'owner' } } as const satisfies Buckets

/** Unix ms of the world's start: 2026-01-01. */
export const START = 1_767_225_600_000

/** One simulation: its environment, and the servers that its devices share. */
export interface World extends Environment {
  readonly servers: Servers
  readonly backend: Servers['backend']
  readonly storage: Servers['storage']
}

export interface WorldOptions {
  readonly changeSettings?: (settings: Settings) => Settings
  readonly log?: (line: string) => void
  /** core's in-memory ones unless set */
  readonly servers?: (world: World) => Servers
}

export const makeWorld = (seed: number, options: WorldOptions = {}): World => {
  const { changeSettings = (same) => same, log, servers = memoryServers } = options
  const random = makeRandom(seed)
  const settings = changeSettings(makeSettings(random))
  const scheduler = makeScheduler(log)
  const counts = new Map<string, number>()
  const newId = (): string => {
    const hex = Array.from({ length: 32 }, () => random.int(0, 15).toString(16)).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  const world = {
    random,
    scheduler,
    settings,
    counts,
    lostKeys: new Set<RemoteKey>(),
    needsComparison: false,
    failure: undefined as string | undefined,
    newId,
    // The servers' clock is right.
    clock: {
      now: () => START + Math.floor(scheduler.now),
      monotonic: () => scheduler.now,
      setTimer: (callback: () => void, ms: number) => scheduler.schedule(undefined, 'server timer', ms, callback),
    },
    get servers() {
      return made
    },
    get backend() {
      return made.backend
    },
    get storage() {
      return made.storage
    },
    count: (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    fail(what: string) {
      world.failure ??= `${what} (at ${Math.round(scheduler.now)} ms)`
    },
    delay(usual: number) {
      const rare = random.next()
      const factor = rare < 0.01 ? 100 : rare < 0.05 ? 10 : 1
      return usual * factor * (0.2 + random.next())
    },
    pause: (process: Process | undefined, name: string, usual: number): Promise<void> =>
      scheduler.sleep(process, name, world.delay(usual)),
  } satisfies World
  const made: Servers = servers(world)
  return world
}

const memoryServers = (world: World): Servers => ({
  storage: memoryStorage(world),
  backend: memorySyncBackend({
    schedule: (device, exchange) =>
      void world.scheduler.schedule(undefined, `${device} syncs`, world.delay(world.settings.networkDelay), exchange),
  }),
})

const memoryStorage = ({ clock, newId, count }: World): Servers['storage'] => {
  const storage = memorySigner({ buckets: BUCKETS, platform: { clock, newId, hashing: simulatedHashing } })
  return {
    ...storage,
    discardUploads() {
      if (storage.uploads.size > 0) count('upload discarded')
      storage.uploads.clear()
    },
  }
}
