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
  memorySyncBackend,
} from '../memory/index.ts'
import type { Pool } from '../pool.ts'
import { sendByFetch } from '../transfers/http.ts'

export const STORE_ID = 'reef'

export const memoryWorld = () => ({ backend: memorySyncBackend(), storage: memorySigner() })

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
        locks: locksOf(device),
        claims: () => claims,
        ...over,
      }
      return makePool(options, engineSettings(options))
    },
  }
}

/** The process has one lock manager; devices must not share its names. */
const locksOf = (device: string): LockManager => ({
  query: () => navigator.locks.query(),
  request: ((name: string, ...rest: [never]) =>
    navigator.locks.request(`${device}:${name}`, ...rest)) as LockManager['request'],
})

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
