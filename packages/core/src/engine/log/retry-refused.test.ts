/** Retrying refused changes, as they were or edited. */
import { ownerOf } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { refuseNames, takeAll, openTab, tabOf, addText, untilRefused } from '../../testing/refusing-backend.ts'
import { eventually, promise, run } from '../../testing/test-effects.ts'

test('uploads a retried file again when object storage has lost it', () =>
  run(
    Effect.gen(function* () {
      const { pool, index, world } = yield* openTab(takeAll)
      world.backend.disconnect('a')
      const file = yield* addText(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      world.backend.refuse(refuseNames('v2.FileAdded'))
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      // No file names it: the garbage collector of the signer removes it.
      world.storage.objects.clear()
      world.backend.refuse(takeAll)
      world.storage.faults.offline = true
      yield* promise(() => pool.sync.refused.retry(file.version))
      expect(pool.files.get(file.id)).toEqual(file)
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      world.storage.faults.offline = false
      yield* promise(() => pool.transfers.retry(file))
      yield* eventually(() => expect(world.storage.objects.has(file.remoteKey)).toBe(true))
      yield* eventually(async () => expect(await index.getAll('outbox')).toEqual([]))
    }),
  ))

test('returns a retry that is refused again to the list', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      const file = yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      const [first] = pool.sync.refused.list()
      yield* promise(() => pool.sync.refused.retry(first!.id))
      yield* eventually(() => expect(errors).toHaveLength(2))
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      expect(pool.sync.refused.list()).toMatchObject([{ id: file.version }])
    }),
  ))

test('makes a new event for a retry with another name', () =>
  run(
    Effect.gen(function* () {
      const { pool, index } = yield* openTab(({ args }) =>
        'name' in args && args.name === 'con.txt' ? { code: 'bad_name', message: 'Choose another name.' } : undefined,
      )
      const file = yield* addText(pool, 'con')
      yield* untilRefused(pool, 1)
      const bad = yield* promise(() =>
        pool.sync.refused.retry(file.version, { name: 'a/b' }).catch((error: unknown) => error),
      )
      expect(bad).toMatchObject({ code: 'bad_name' })
      expect(pool.sync.refused.list()).toHaveLength(1)
      yield* promise(() => pool.sync.refused.retry(file.version, { name: 'console.txt' }))
      yield* until(pool, () => pool.files.get(file.id)?.name === 'console.txt')
      expect(pool.files.get(file.id)!.version).not.toBe(file.version)
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      yield* eventually(async () => expect(await index.getAll('outbox')).toEqual([]))
      expect(pool.sync.current.state).toBe('online')
    }),
  ))

test('retries a file that was renamed before its refusal with the new name', () =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(refuseNames('v2.FileAdded'))
      world.backend.disconnect('a')
      const file = yield* addText(pool, 'reef')
      yield* promise(() => pool.rename(file.id, 'shoal.txt'))
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      expect(pool.sync.refused.list()[0]!.file!.name).toBe('shoal.txt')
      world.backend.refuse(takeAll)
      yield* promise(() => pool.sync.refused.retry(file.version))
      yield* until(pool, () => pool.files.get(file.id)?.name === 'shoal.txt')
    }),
  ))

test('keeps the change on the list when the token does not allow the retry', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileDeleted'))
      let rights: readonly ('read' | 'write' | 'delete')[] = ['read', 'write', 'delete']
      const claims = () => ({ sub: 'ada', stores: { [STORE_ID]: rights } })
      const { pool, end } = yield* tabOf(memoryDevice(world, 'a'), { claims })
      const file = yield* addText(pool, 'reef')
      yield* promise(() => pool.remove(file.id))
      yield* untilRefused(pool, 1)
      rights = ['read', 'write']
      const [change] = pool.sync.refused.list()
      const error = yield* promise(() => pool.sync.refused.retry(change!.id).catch((reason: unknown) => reason))
      expect(error).toMatchObject({ code: 'forbidden' })
      expect(pool.sync.refused.list()).toEqual([change])
      yield* end
    }),
  ))

test('retries a file of another user on this device as the current user’s own', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      let user = 'ada'
      const segments = new Map(
        yield* promise(() => Promise.all(['ada', 'bob'].map(async (sub) => [sub, await ownerOf(sub)] as const))),
      )
      const message = 'Another user added this file on this device. Try again to add it as your own.'
      world.backend.refuse(({ args }) =>
        'owner' in args && args.owner !== segments.get(user) ? { code: 'forbidden', message } : undefined,
      )
      const claims = () => ({ sub: user, stores: { [STORE_ID]: ['read', 'write', 'delete'] as const } })
      const { pool, end } = yield* tabOf(memoryDevice(world, 'a'), { claims })
      world.backend.disconnect('a')
      const file = yield* addText(pool, 'reef')
      expect(file.owner).toBe(segments.get('ada'))
      user = 'bob'
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({ code: 'forbidden', message, file: { id: file.id, owner: file.owner } })
      yield* promise(() => pool.sync.refused.retry(change!.id))
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      expect(pool.files.get(file.id)?.owner).toBe(segments.get('bob'))
      expect(pool.sync.refused.list()).toEqual([])
      yield* end
    }),
  ))
