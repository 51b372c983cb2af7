/** Tabs on a sync backend that refuses events, over the in-memory adapters. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import type { RefuseEvent } from '../memory/index.ts'
import type { Pool, PoolEvents } from '../pool.ts'
import type { PoolEventName } from '../records/events.ts'
import type { FileRecord } from '../records/record.ts'
import { memoryDevice, memoryWorld } from './memory-device.ts'
import { promise } from './test-effects.ts'

export const OVER_QUOTA = { code: 'quota_exceeded', message: 'The store is full. Remove files, then try again.' }

/** Refuses events by these names. */
export const refuseNames =
  (...names: PoolEventName[]): RefuseEvent =>
  ({ name }) =>
    names.includes(name) ? OVER_QUOTA : undefined
export const takeAll: RefuseEvent = () => undefined

/** A tab in a scope of its own, so that it can be ended by itself, and the errors that it emits. */
export const tabOf = (device: ReturnType<typeof memoryDevice>, over = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const pool = yield* device.open(over).pipe(Scope.extend(scope))
    const errors: PoolEvents['error'][] = []
    pool.on('error', (error) => errors.push(error))
    return { pool, errors, end: Scope.close(scope, Exit.void) }
  })

/** A device with one tab, and a backend that judges its events by `decide`. */
export const openTab = (decide: RefuseEvent) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    world.backend.refuse(decide)
    const device = memoryDevice(world, 'a')
    const index = device.index()
    const opened = yield* tabOf(device)
    yield* Effect.addFinalizer(() => opened.end)
    const isOnDisk = ({ remoteKey }: FileRecord) =>
      promise(async () => (await device.blobs.open(addressOfKey(remoteKey))) !== undefined)
    return { world, device, index, isOnDisk, ...opened }
  })

/** Waits until `count` changes are refused. */
export const untilRefused = (pool: Pool, count: number) =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (pool.sync.refused.list().length !== count) return
      unsubscribe()
      resume(Effect.void)
    }
    const unsubscribe = pool.sync.refused.subscribe(look)
    look()
    return Effect.sync(unsubscribe)
  })

export const addText = (pool: Pool, text: string, name = `${text}.txt`) =>
  promise(() => pool.add(new Blob([text]), { name, type: 'text/plain' }))
