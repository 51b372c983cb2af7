import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryRecordLog } from '../../memory/index.ts'
import type { ChangeCursor, RecordLog } from '../../ports/record-log.ts'
import { memoryDevice, memoryWorld, STORE_ID } from '../../testing/memory-device.ts'
import { eventually, promise, run } from '../../testing/test-effects.ts'

test('a start reads only what the log got since the last one', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const mirrored = async () => (await device.index().getAll('files')).map(({ name }) => name).toSorted()
      const first = yield* device.open()
      yield* eventually(async () => {
        const engine = await device.index().get('engine', 'engine')
        expect(engine?.reconcile?.finishedAt).toEqual(expect.any(Number))
      })
      const before = yield* promise(() => first.add(new Blob(['reef']), { name: 'before' }))
      yield* eventually(async () => expect(await mirrored()).toEqual(['before']))
      expect(yield* promise(() => device.index().get('files', before.id))).toMatchObject({
        modifiedAt: before.updatedAt,
      })
      yield* promise(() => first.close())

      const cursors: (ChangeCursor | undefined)[] = []
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const changes: RecordLog['changes'] = (since, limit) => {
        cursors.push(since)
        return log.changes(since, limit)
      }
      const second = yield* device.open({ log: { ...log, changes } })
      yield* promise(() => second.add(new Blob(['coral']), { name: 'since' }))
      yield* eventually(async () => expect(await mirrored()).toEqual(['before', 'since']))
      expect(cursors).not.toContain(undefined)
    }),
  ))
