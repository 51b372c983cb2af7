/** Full passes: content on disk that log, outbox and transfers do not name is deleted. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import { memoryIndex, memoryIndexStorage, memoryRecordLog } from '../../memory/index.ts'
import { change, type EngineRow, type LocalIndex, put } from '../../ports/local-index.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { eventually, minutes, passFinished, promise, runWithTestClock } from '../../testing/test-effects.ts'

describe('whole content on disk that has no row', () => {
  /** A device that was compared once, and closed. Then it has `left`, of a page that ended, and the bytes of a live file without their row. */
  const leftBehind = Effect.gen(function* () {
    const world = memoryWorld()
    const device = memoryDevice(world, 'a')
    const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
    const storage = memoryIndexStorage()
    const index = memoryIndex(storage)
    const first = yield* device.open({ log, index: memoryIndex(storage) })
    const file = yield* promise(() => first.add(new Blob(['reef'])))
    yield* until(first, () => first.transfers.status(file).state === 'stored')
    yield* passFinished(index)
    yield* promise(() => first.close())
    const { address: left } = yield* promise(() => device.blobs.write(new Blob(['left'])))
    const named = addressOfKey(file.remoteKey)
    yield* promise(() => index.write([change('contents', named, () => undefined)]))
    const onDisk = promise(async () => new Set((await device.blobs.list()).map(({ address }) => address)))
    /** Opens the device again a day after its last pass, and closes it after the next one. */
    const compare = (at = storage, keys: LocalIndex['keys'] = memoryIndex(at).keys) =>
      Effect.gen(function* () {
        const looking = memoryIndex(at)
        yield* promise(() => looking.write([change('engine', 'engine', aDayAgo)]))
        const pool = yield* device.open({ log, index: { ...memoryIndex(at), keys } })
        yield* minutes(2)
        yield* eventually(async () =>
          expect((await looking.get('engine', 'engine'))?.reconcile?.finishedAt).toBeGreaterThanOrEqual(0),
        )
        yield* promise(() => pool.close())
      })
    return { index, left, named, onDisk, compare }
  })
  const aDayAgo = (row: EngineRow | undefined): EngineRow | undefined =>
    row?.reconcile && { ...row, reconcile: { ...row.reconcile, finishedAt: -24 * 60 * 60_000 } }

  test('is deleted when nothing names it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { index, left, named, onDisk, compare } = yield* leftBehind
        expect(yield* onDisk).toEqual(new Set([left, named]))
        yield* compare()
        expect(yield* onDisk).toEqual(new Set([named]))
        expect(yield* promise(() => index.keys('contents'))).toEqual([named])
      }),
    ))

  test('stays while an event of the outbox names it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { index, left, named, onDisk, compare } = yield* leftBehind
        const make = eventMaker(STORE_ID, 'op')
        const event = make.added('f', { remoteKey: make.key(0).replace(/[0-9a-f]{64}$/, left) as RemoteKey })
        const refused = { code: 'forbidden', message: 'You may not add files.', at: 0 }
        yield* promise(() => index.write([put('outbox', { id: `refused:${event.opId}`, event, refused })]))
        yield* compare()
        expect(yield* onDisk).toEqual(new Set([left, named]))
      }),
    ))

  test('stays when the index was lost, which may have named it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { left, named, onDisk, compare } = yield* leftBehind
        const storage = memoryIndexStorage()
        yield* compare(storage)
        yield* compare(storage)
        expect(yield* onDisk).toEqual(new Set([left, named]))
        const rows = yield* promise(() => memoryIndex(storage).keys('contents'))
        expect(new Set(rows)).toEqual(new Set([left, named]))
      }),
    ))

  test.each(['contents', 'transfers', 'pins', 'files'] as const)(
    'stays when the index is lost during a pass, before its %s are read',
    (lostAt) =>
      runWithTestClock(
        Effect.gen(function* () {
          const { left, named, onDisk, compare } = yield* leftBehind
          const storage = memoryIndexStorage()
          const index = memoryIndex(storage)
          let isLost = false
          const keys: typeof index.keys = async (table, page) => {
            if (table === lostAt && !isLost) {
              isLost = true
              storage.tables = new Map()
            }
            return index.keys(table, page)
          }
          yield* compare(storage, keys)
          expect(isLost).toBe(true)
          yield* compare(storage)
          expect(yield* onDisk).toEqual(new Set([left, named]))
        }),
      ),
  )
})
