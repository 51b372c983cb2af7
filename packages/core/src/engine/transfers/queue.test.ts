/** The queue where things go wrong around it: the page, the disk, the log, a person. */
import { RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryPage, memoryRecordLog } from '../../memory/index.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventually, promise, runWithTestClock } from '../../testing/test-effects.ts'

/** Counts what a signer is asked for. */
const counting = ({ storage }: ReturnType<typeof memoryWorld>) => {
  let asked = 0
  const uploadUrl: typeof storage.signer.uploadUrl = (...args) => {
    asked++
    return storage.signer.uploadUrl(...args)
  }
  return { signer: { ...storage.signer, uploadUrl }, asked: () => asked }
}

test('coming online wakes at once what failed for want of a network (peer failure 15)', () => {
  const page = memoryPage()
  return runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.offline = true
      const device = memoryDevice(world, 'a')
      world.backend.disconnect('a')
      const pool = yield* device.open({ platform: { ...testPlatform, page } })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      const index = device.index()
      yield* eventually(async () => expect(await index.getAll('transfers')).toMatchObject([{ attempts: 1 }]))
      world.storage.faults.offline = false
      page.set({ isOnline: true })
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
    }),
  )
})

test('a transfer whose failure cannot be written down is not tried again and again at once', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      const { signer, asked } = counting(world)
      let full = false
      const pool = yield* device.open({
        signer,
        index: {
          ...index,
          write: (changes, options) =>
            full && changes.some(({ table }) => table === 'transfers')
              ? Promise.reject(new RockpoolError('quota_exceeded', 'The disk is full.'))
              : index.write(changes, options),
        },
      })
      yield* promise(() => pool.transfers.pause())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      world.storage.faults.offline = true
      full = true
      yield* promise(() => pool.transfers.resume())
      yield* until(pool, () => asked() > 0)
      for (let turn = 0; turn < 200; turn++) yield* promise(() => new Promise((turned) => setImmediate(turned)))
      expect(asked()).toBe(1)
      full = false
      world.storage.faults.offline = false
      yield* advanceUntil(() => pool.transfers.status(file).state === 'stored')
    }),
  ))

test('a log that throws for a moment leaves the store neither without a leader nor with a busy one', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      let thrown = 0
      let failing = false
      const { signer, asked } = counting(world)
      const pool = yield* memoryDevice(world, 'a').open({
        signer,
        log: {
          ...log,
          remoteContent(key) {
            if (!failing) return log.remoteContent(key)
            thrown++
            throw new Error('database is locked')
          },
        },
      })
      failing = true
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* advanceUntil(() => thrown > 3)
      failing = false
      yield* advanceUntil(() => pool.transfers.status(file).state === 'stored')
      expect(asked()).toBeLessThan(20)
    }),
  ))

test('an upload that fails just when a person stops it stays stopped', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      const [asked, answer, look] = [0, 1, 2].map(() => Promise.withResolvers<void>())
      let holding = false
      const pool = yield* device.open({
        // The queue cannot look for what to stop until it may read this row.
        index: {
          ...index,
          async get(table, key) {
            if (holding && table === 'engine') await look!.promise
            return index.get(table, key)
          },
        },
        signer: {
          ...world.storage.signer,
          async uploadUrl() {
            asked!.resolve()
            await answer!.promise
            throw new RockpoolError('storage_unavailable', 'Try again.')
          },
        },
      })
      const failed = Promise.withResolvers<void>()
      pool.on('error', () => failed.resolve())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* promise(() => asked!.promise)
      holding = true
      yield* promise(() => pool.transfers.cancel(file))
      answer!.resolve()
      yield* promise(() => failed.promise)
      look!.resolve()
      expect(yield* promise(() => index.getAll('transfers'))).toMatchObject([
        { state: 'blocked', error: { code: 'aborted' } },
      ])
    }),
  ))

test('a file pinned before its device has stored it comes as soon as it has', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const a = yield* memoryDevice(world, 'a').open()
      const b = yield* memoryDevice(world, 'b').open()
      yield* promise(() => a.transfers.pause())
      const file = yield* promise(() => a.add(new Blob(['reef'])))
      yield* until(b, () => b.files.get(file.id) !== undefined)
      yield* promise(() => b.pin(file.id))
      yield* until(b, () => b.transfers.status(file).error?.code === 'not_found')
      yield* promise(() => a.transfers.resume())
      yield* until(b, () => b.transfers.status(file).state === 'stored')
    }),
  ))

test('a content of which a rebase leaves nothing for a moment is not told as lost', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      let away: string | undefined
      const pool = yield* memoryDevice(world, 'a').open({
        log: { ...log, remoteContent: (key) => (key === away ? undefined : log.remoteContent(key)) },
      })
      yield* promise(() => pool.transfers.pause())
      const [one, two] = [
        yield* promise(() => pool.add(new Blob(['one']))),
        yield* promise(() => pool.add(new Blob(['two']))),
      ]
      away = one.remoteKey
      const heard: string[] = []
      for (const event of ['stored', 'lost'] as const) pool.on(event, ({ id }) => void heard.push(`${event} ${id}`))
      const all = Promise.withResolvers<void>()
      pool.on('stored', () => all.resolve())
      pool.log.append(
        [one, two].map(({ remoteKey }) => ({
          name: 'v2.ContentStored',
          opId: crypto.randomUUID(),
          args: { remoteKey },
        })),
      )
      yield* promise(() => all.promise)
      expect(heard).toEqual([`stored ${two.id}`])
    }),
  ))
