/** `pool.sync` over the in-memory adapters. */
import { Effect } from 'effect'
import { afterEach, expect, test, vi } from 'vitest'
import { memoryPage } from '../../memory/index.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import { makeSyncStatusSource } from '../../sync/make-source.ts'
import { CONNECTED, type SyncStatus, syncStatus } from '../../sync/sync-status.ts'
import { memoryDevice, memoryWorld } from '../../testing/memory-device.ts'
import { run } from '../../testing/test-effects.ts'

afterEach(() => void vi.unstubAllGlobals())

/** A pool, what its `sync` emitted, and the codes of its `error` events about sync. */
const openWatched = (page = memoryPage()) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    const signer = makeSyncStatusSource(CONNECTED)
    const pool = yield* memoryDevice(world, 'a').open({
      signer: { ...world.storage.signer, status: signer },
      platform: { ...testPlatform, page },
    })
    const seen: string[] = []
    const errors: string[] = []
    const stop = pool.sync.subscribe(({ state, reason }) => seen.push(`${state} ${reason.code}`))
    pool.on('error', ({ error, sync }) => {
      if (sync) errors.push(`${error.code}: ${error.message} (${sync.state} ${sync.reason.code})`)
    })
    return { world, signer, pool, seen, errors, stop }
  })

test('a pool is online, then offline while its log is disconnected', () =>
  run(
    Effect.gen(function* () {
      const { world, pool, seen, errors, stop } = yield* openWatched()
      expect(pool.sync.current).toMatchObject({ state: 'online', reason: { code: 'connected' } })
      world.backend.disconnect('a')
      expect(pool.sync.current).toMatchObject({ state: 'offline', reason: { code: 'no_answer' } })
      expect(pool.sync.current).toBe(pool.sync.current)
      world.backend.connect('a')
      stop()
      world.backend.disconnect('a')
      expect(seen).toEqual(['offline no_answer', 'online connected'])
      expect(errors).toEqual([])
    }),
  ))

test.each<[SyncStatus, string]>([
  [syncStatus('push_refused', 'Refused.'), 'forbidden: Refused. (refused push_refused)'],
  [syncStatus('plugin_missing', 'Add it.'), 'unsupported: Add it. (stuck plugin_missing)'],
])('a log that becomes %o emits one error, once', (status, error) =>
  run(
    Effect.gen(function* () {
      const { world, pool, seen, errors } = yield* openWatched()
      world.backend.report('a', status)
      world.backend.report('a', { ...status })
      expect(pool.sync.current).toEqual(status)
      expect(seen).toHaveLength(1)
      expect(errors).toEqual([error])
    }),
  ),
)

test('a signer that cannot be reached is named, also while the log is connected', () =>
  run(
    Effect.gen(function* () {
      const { pool, signer, errors } = yield* openWatched()
      signer.set(syncStatus('cors', 'It may be down, or CORS.'))
      expect(pool.sync.current).toMatchObject({ state: 'stuck', reason: { code: 'cors' } })
      expect(errors).toEqual(['storage_unavailable: It may be down, or CORS. (stuck cors)'])
      signer.set(CONNECTED)
      expect(pool.sync.current.state).toBe('online')
    }),
  ))

test('a signer that is away counts while transfers wait for it', () =>
  run(
    Effect.gen(function* () {
      const { pool, signer } = yield* openWatched()
      signer.set(syncStatus('no_answer', 'It does not answer.'))
      expect(pool.sync.current.state).toBe('online')
      yield* Effect.promise(() => pool.transfers.pause())
      yield* Effect.promise(() => pool.add(new Blob(['reef'])))
      expect(pool.sync.current).toMatchObject({ state: 'offline', reason: { message: 'It does not answer.' } })
    }),
  ))

test('a device that loses its network says so, whatever the servers said last', () => {
  const page = memoryPage()
  return run(
    Effect.gen(function* () {
      const { pool, seen } = yield* openWatched(page)
      page.set({ isOnline: false })
      expect(pool.sync.current.reason.message).toContain('no network')
      page.set({ isOnline: true })
      expect(seen).toEqual(['offline no_network', 'online connected'])
    }),
  )
})

test('a listener that throws does not keep the others from hearing', () =>
  run(
    Effect.gen(function* () {
      const reported: unknown[] = []
      vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
      const { world, pool } = yield* openWatched()
      const heard: string[] = []
      pool.sync.subscribe(() => {
        throw new Error('a listener that fails')
      })
      pool.sync.subscribe(({ state }) => heard.push(state))
      world.backend.disconnect('a')
      expect(heard).toEqual(['offline'])
      expect(reported).toHaveLength(1)
    }),
  ))
