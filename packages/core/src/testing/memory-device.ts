/** Devices of one store in one process, for tests of the engine: shared sync backend and object storage, own disks. */
import type { RockpoolError, TokenClaims } from '@rockpool/protocol'
import { Effect, type Scope } from 'effect'
import { engineSettings, type PoolOptions } from '../create-pool.ts'
import { makePool } from '../engine/engine.ts'
import {
  memoryBlobStore,
  memoryIndex,
  memoryIndexStorage,
  memoryRecordLog,
  memorySigner,
  type MemorySignerOptions,
  memorySyncBackend,
} from '../memory/index.ts'
import type { Pool } from '../pool.ts'
import { sendByFetch } from '../engine/transfers/http.ts'
import { minutes } from './test-effects.ts'
import { testPlatform } from './test-platform.ts'

export const STORE_ID = 'reef'

let worlds = 0

/** Sync backend and object storage. */
export const memoryWorld = (signer: MemorySignerOptions = {}) => ({
  id: ++worlds,
  backend: memorySyncBackend(),
  storage: memorySigner({ platform: testPlatform, ...signer }),
})

export type MemoryWorld = ReturnType<typeof memoryWorld>

export interface MemoryDevice {
  readonly blobs: ReturnType<typeof memoryBlobStore>
  /** another handle on the device's index, as another tab has it */
  readonly index: () => ReturnType<typeof memoryIndex>
  /** Opens a tab. */
  readonly open: (over?: Partial<PoolOptions>) => Effect.Effect<Pool, RockpoolError, Scope.Scope>
}

/** One device: its tabs share disk, index and locks. */
export const memoryDevice = (world: MemoryWorld, device: string, claims?: TokenClaims): MemoryDevice => {
  const disk = memoryIndexStorage()
  const blobs = memoryBlobStore()
  return {
    blobs,
    index: () => memoryIndex(disk),
    open: (over = {}) => {
      const options: PoolOptions = {
        log: memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device }),
        blobs,
        index: memoryIndex(disk),
        signer: world.storage.signer,
        fetch: world.storage.fetch,
        send: sendByFetch(world.storage.fetch),
        device: `${world.id}-${device}`,
        claims: () => claims,
        platform: testPlatform,
        ...over,
      }
      return makePool(options, engineSettings(options))
    },
  }
}

/** Resolves when `holds` does, looking again whenever the pool's files or transfers change. */
export const until = (pool: Pool, holds: () => boolean): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (!holds()) return
      unsubscribe()
      resume(Effect.void)
    }
    const unsubscribe = pool.transfers.subscribe(look)
    look()
    return Effect.sync(unsubscribe)
  })

/** Moves the test's clock, minute by minute, until `holds`. */
export const advanceUntil = (holds: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!holds()) {
      yield* minutes(1)
    }
  })
