/** Appending events. */
import { describe, expect, test } from 'vitest'
import { memoryReplica } from '../../memory/replica.ts'
import { eventMaker, SAMPLE_IDS, sampleEvents, sampleNumbers, sampleReceipt } from '../sample-events.ts'
import { type MakeRecordLog, sampleKeys, snapshotOf, sortById } from './fixture.ts'

export const appendCases = (make: MakeRecordLog): void => {
  describe('append', () => {
    test('is seen by every read when it returns', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const added = event.added('f1', { meta: { album: 'reef' } })
      expect(log.applied(added.opId)).toBe(false)
      log.append([added, event.stored(event.key(1), '"e"')])
      expect(log.applied(added.opId)).toBe(true)
      const file = log.file('f1')!
      expect(file).toEqual({
        id: 'f1',
        name: 'f1.jpg',
        type: 'image/jpeg',
        size: 3,
        remoteKey: event.key(1),
        bucket: 'files',
        meta: { album: 'reef' },
        version: added.opId,
        createdAt: file.createdAt,
        updatedAt: file.createdAt,
        deletedAt: null,
      })
      expect(log.list({})).toEqual([file])
      expect(log.filesWithContent(event.key(1))).toEqual([file])
      expect(log.versions('f1')).toMatchObject([{ id: added.opId, fileId: 'f1', remoteKey: event.key(1), size: 3 }])
      const known = { etag: '"e"', versionId: null, proved: false, seenAt: null }
      const content = { remoteKey: event.key(1), stored: true, ...known }
      expect(log.remoteContent(event.key(1))).toEqual(content)
      log.append([event.stored(event.key(1), '"f"', { receipt: sampleReceipt(5) })])
      const proved = { ...content, etag: '"f"', proved: true, seenAt: 5 }
      expect(log.remoteContent(event.key(1))).toEqual(proved)
      log.append([event.renamed('f1', 'x')])
      expect(log.file('f1')!.name).toBe('x')
    })

    test('shows a listener all events of one append', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const heard = new Promise<number>((resolve) => {
        log.subscribe(() => resolve(log.list({}).length))
      })
      log.append([event.added('f1'), event.added('f2'), event.added('f3')])
      expect(await heard).toBe(3)
    })

    test('accepts an empty append', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      log.append([])
      expect(log.list({})).toEqual([])
      expect(log.changes(undefined, 10)).toMatchObject({ subjects: [], more: false })
    })

    test.each([1, 2, 3])('agrees with applyEvent for events in random order (seed %i)', async (seed) => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const events = sampleEvents(fixture.storeId, seed, 120)
      const replica = memoryReplica()
      for (let i = 0; i < events.length; i += 7) {
        log.append(events.slice(i, i + 7))
        for (const event of events.slice(i, i + 7)) replica.apply(event)
      }
      for (const id of SAMPLE_IDS) {
        expect(log.file(id)).toEqual(replica.files.get(id))
        const versions = [...replica.versions.values()].filter(({ fileId }) => fileId === id)
        expect(log.versions(id)).toEqual(versions.reverse())
      }
      for (const key of sampleKeys(fixture.storeId)) {
        expect(log.remoteContent(key)).toEqual(replica.remoteContents.get(key))
        const named = [...replica.files.values()].filter((file) => file.remoteKey === key)
        expect(sortById(log.filesWithContent(key))).toEqual(sortById(named))
        const had = [...replica.files.values()].filter(({ id }) =>
          [...replica.versions.values()].some(({ fileId, remoteKey }) => fileId === id && remoteKey === key),
        )
        expect(sortById(log.filesWithVersion(key))).toEqual(sortById(had))
      }
    })

    test('ignores copies of events, wherever they come', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const events = sampleEvents(fixture.storeId, 4, 100)
      log.append(events)
      const before = snapshotOf(log)
      const number = sampleNumbers(4)
      log.append(Array.from({ length: 50 }, () => events[number(events.length)]!))
      log.append([events[0]!])
      expect(snapshotOf(log)).toEqual(before)
    })

    test('applies an event once that is appended twice at once', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const renamed = event.renamed('f1', 'once')
      log.append([event.added('f1'), renamed, event.renamed('f1', 'later'), renamed])
      expect(log.file('f1')!.name).toBe('later')
    })
  })
}
