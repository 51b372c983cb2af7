import { DatabaseSync } from 'node:sqlite'
import type { Buckets, RemoteKey } from '@rockpool/protocol'
import type { FileEvent } from '@rockpool/sync-server'
import { testClock } from '@rockpool/sync-server/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { createAppends } from '../events/appends.ts'
import type { ReadableLogs } from '../rest/services.ts'
import { startHoldKeeper, SWEEP_MS } from './hold-keeper.ts'
import { sqliteHolds } from './sqlite-holds.ts'

const BUCKETS: Buckets = {
  files: { access: 'store' },
  scanned: { access: 'store', hold: { waitSeconds: 60, refused: 'keep' } },
  strict: { access: 'store', hold: { waitSeconds: 60, refused: 'delete' } },
}
const keyOf = (bucket: string, name: string) => `shop/${bucket}/${name}` as RemoteKey

const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0)) await each()
})

const setUp = () => {
  const events: FileEvent[] = []
  const files = new Map<string, { remoteKey: RemoteKey; deletedAt: number | null }>()
  const deleted: string[] = []
  let failure: Error | undefined
  let onDelete = async () => {}
  const logs = {
    storeIds: async () => ['shop'],
    open: async () => ({
      backendId: 'log',
      head: async () => events.length,
      readModel: {
        file: async (id: string) => files.get(id),
        fileEvents: async ({ since, limit = 100 }: { readonly since: number; readonly limit?: number }) => {
          if (failure) throw failure
          const page = events.slice(since, since + limit)
          return { events: page, next: since + page.length, more: since + limit < events.length }
        },
      },
    }),
  } as unknown as ReadableLogs
  const [appends, clock, holds] = [createAppends(), testClock(), sqliteHolds(new DatabaseSync(':memory:'))]
  const errors: unknown[] = []
  const start = async (buckets = BUCKETS) => {
    const keeper = await startHoldKeeper({
      ...{ buckets, holds, logs, appends, clock, onError: (error) => void errors.push(error) },
      deleteFiles: async (_, ids) => {
        await onDelete()
        for (const id of ids) Object.assign(files.get(id)!, { deletedAt: 1 })
        deleted.push(...ids)
      },
    })
    cleanUp.push(keeper.stop)
    return keeper
  }
  /** A file of a bucket gets a content. */
  const add = (bucket: string, fileId: string, content = fileId) => {
    const remoteKey = keyOf(bucket, content)
    files.set(fileId, { remoteKey, deletedAt: null })
    events.push({
      ...{ seqNum: events.length + 1, kind: 'added', fileId, bucket, path: null, remoteKey },
      ...{ ownerId: 'ada', sub: 'ada', at: 0 },
    })
    appends.report('shop')
  }
  const fail = (error?: Error) => void (failure = error)
  const duringDelete = (work: () => Promise<void>) => void (onDelete = work)
  return { start, add, files, holds, clock, deleted, errors, fail, duringDelete }
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { interval: 1, timeout: 20_000 })

it('holds content without a decision', async () => {
  const { holds } = setUp()
  expect(await holds.stateOf(keyOf('scanned', 'a'))).toBe('held')
})

it('refuses a content when the wait is over; its file stays', async () => {
  const { start, add, holds, clock, deleted } = setUp()
  await start()
  add('scanned', 'a')
  add('files', 'b')
  await until(async () => expect(await holds.filesOf(keyOf('scanned', 'a'))).toHaveLength(1))
  expect(await holds.filesOf(keyOf('files', 'b'))).toEqual([])
  clock.advance(60_000)
  expect(await holds.stateOf(keyOf('scanned', 'a'))).toBe('held')
  await until(async () => {
    clock.advance(SWEEP_MS)
    expect(await holds.stateOf(keyOf('scanned', 'a'))).toBe('refused')
  })
  expect([deleted, await holds.filesOf(keyOf('scanned', 'a'))]).toEqual([[], []])
})

it('deletes every file of a refused content where the bucket says so, also one that is added later', async () => {
  const { start, add, holds, deleted } = setUp()
  const keeper = await start()
  add('strict', 'a', 'bad')
  add('strict', 'b', 'bad')
  add('strict', 'c', 'good')
  await until(async () => expect(await holds.filesOf(keyOf('strict', 'good'))).toHaveLength(1))
  await keeper.decide('strict', keyOf('strict', 'bad'), 'refused')
  await keeper.decide('strict', keyOf('strict', 'good'), 'released')
  expect(deleted).toEqual(['a', 'b'])
  add('strict', 'd', 'bad')
  await until(() => expect(deleted).toEqual(['a', 'b', 'd']))
})

it('deletes a file that begins to wait while others of its content are deleted', async () => {
  const { start, add, files, holds, clock, deleted, duringDelete } = setUp()
  const keeper = await start()
  const remoteKey = keyOf('strict', 'bad')
  add('strict', 'a', 'bad')
  await until(async () => expect(await holds.filesOf(remoteKey)).toHaveLength(1))
  const since = clock.now()
  duringDelete(async () => {
    duringDelete(async () => {})
    // Its event was read before the decision.
    files.set('b', { remoteKey, deletedAt: null })
    await holds.wait({ remoteKey, storeId: 'shop', fileId: 'b', bucket: 'strict', since })
  })
  await keeper.decide('strict', remoteKey, 'refused')
  expect(deleted).toEqual(['a', 'b'])
})

it('deletes no more files once the content is released, and keeps the release', async () => {
  const { start, add, holds, clock, deleted, duringDelete } = setUp()
  const keeper = await start()
  const remoteKey = keyOf('strict', 'good')
  add('strict', 'a', 'good')
  add('strict', 'b', 'good')
  await until(async () => expect(await holds.filesOf(remoteKey)).toHaveLength(2))
  duringDelete(() => keeper.decide('strict', remoteKey, 'released'))
  await until(async () => {
    clock.advance(60_000)
    expect(await holds.filesOf(remoteKey)).toEqual([])
  })
  await keeper.stop()
  expect([await holds.stateOf(remoteKey), deleted]).toEqual(['released', ['a']])
})

it('keeps a file that has another content by then', async () => {
  const { start, add, holds, deleted } = setUp()
  const keeper = await start()
  add('strict', 'a', 'bad')
  await until(async () => expect(await holds.filesOf(keyOf('strict', 'bad'))).toHaveLength(1))
  add('strict', 'a', 'good')
  await keeper.decide('strict', keyOf('strict', 'bad'), 'refused')
  expect(deleted).toEqual([])
})

it('does not begin a wait again after a restart, and begins one for a bucket that holds since then', async () => {
  const { start, add, holds, clock } = setUp()
  const first = await start({ scanned: BUCKETS.scanned! })
  add('scanned', 'a')
  add('strict', 'b')
  await until(async () => expect(await holds.filesOf(keyOf('scanned', 'a'))).toHaveLength(1))
  await first.stop()
  const before = clock.now()
  clock.advance(1_000)
  await start()
  await until(async () => expect(await holds.filesOf(keyOf('strict', 'b'))).toMatchObject([{ since: before + 1_000 }]))
  expect(await holds.filesOf(keyOf('scanned', 'a'))).toMatchObject([{ since: before }])
})

it('reads events again that it could not read', async () => {
  const { start, add, holds, clock, errors, fail } = setUp()
  await start()
  const error = new Error('The disk is away.')
  fail(error)
  add('scanned', 'a')
  await until(() => expect(errors).toEqual([error]))
  fail()
  clock.advance(SWEEP_MS)
  await until(async () => expect(await holds.filesOf(keyOf('scanned', 'a'))).toHaveLength(1))
})

it('looks again when it could not read which waits have ended', async () => {
  const { start, add, holds, clock, errors } = setUp()
  await start()
  add('scanned', 'a')
  await until(async () => expect(await holds.filesOf(keyOf('scanned', 'a'))).toHaveLength(1))
  const error = new Error('disk I/O error')
  vi.spyOn(holds, 'waitingSince').mockImplementationOnce(() => {
    throw error
  })
  clock.advance(60_000 + SWEEP_MS)
  await until(() => expect(errors).toEqual([error]))
  await until(async () => {
    clock.advance(SWEEP_MS)
    expect(await holds.stateOf(keyOf('scanned', 'a'))).toBe('refused')
  })
})

it('ends later waits of a bucket although 100 earlier ones cannot be ended', async () => {
  const { start, add, holds, clock, errors, duringDelete } = setUp()
  await start()
  for (let n = 0; n < 100; n++) add('strict', `damaged ${n}`)
  await until(async () => expect(await holds.waitingSince('strict', Infinity, { limit: 200 })).toHaveLength(100))
  clock.advance(1)
  add('strict', 'whole')
  await until(async () => expect(await holds.filesOf(keyOf('strict', 'whole'))).toHaveLength(1))
  let deletes = 0
  duringDelete(async () => {
    if (deletes++ < 100) throw new Error('The log is damaged.')
  })
  clock.advance(60_000 + SWEEP_MS)
  await until(async () => expect(await holds.stateOf(keyOf('strict', 'whole'))).toBe('refused'))
  expect([errors.length, await holds.filesOf(keyOf('strict', 'damaged 0'))]).toMatchObject([
    1,
    [{ fileId: 'damaged 0' }],
  ])
})

it('keeps a decision that came while the file began to wait', async () => {
  const { start, holds, clock } = setUp()
  const [remoteKey, since] = [keyOf('scanned', 'a'), clock.now()]
  await holds.decide(remoteKey, 'released', since)
  await holds.wait({ remoteKey, storeId: 'shop', fileId: 'a', bucket: 'scanned', since })
  await start()
  clock.advance(60_000)
  await until(async () => {
    clock.advance(SWEEP_MS)
    expect(await holds.filesOf(remoteKey)).toEqual([])
  })
  expect(await holds.stateOf(remoteKey)).toBe('released')
})

it('lets other work run between the pages of a long log', async () => {
  const { start, add, holds } = setUp()
  for (let i = 0; i < 1_000; i++) add('scanned', `f${i}`)
  await start()
  await new Promise((resolve) => void setImmediate(resolve))
  expect((await holds.waitingSince('scanned', Infinity, { limit: 1_000 })).length).toBeLessThan(1_000)
  await until(async () => expect(await holds.waitingSince('scanned', Infinity, { limit: 1_000 })).toHaveLength(1_000))
})

it('leaves no timer behind', async () => {
  const { start, clock } = setUp()
  await (await start()).stop()
  expect(clock.timers).toBe(0)
})
