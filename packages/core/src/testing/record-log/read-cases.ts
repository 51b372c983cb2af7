/** Reading records: files, lists, versions, content. */
import { describe, expect, test } from 'vitest'
import type { RecordLog } from '../../ports/record-log.ts'
import { eventMaker } from '../sample-events.ts'
import { type MakeRecordLog, sampleKeys, sortById } from './fixture.ts'

export const readCases = (make: MakeRecordLog): void => {
  test('returns nothing for unknown ids and keys', async () => {
    await using fixture = await make()
    const log = await fixture.open('a')
    const [key] = sampleKeys(fixture.storeId)
    expect(log.storeId).toBe(fixture.storeId)
    expect(log.file('none')).toBeUndefined()
    expect(log.versions('none')).toEqual([])
    expect(log.filesWithContent(key!)).toEqual([])
    expect(log.filesWithVersion(key!)).toEqual([])
    expect(log.remoteContent(key!)).toBeUndefined()
    expect(log.applied('none')).toBe(false)
  })

  describe('list', () => {
    const ids = (log: RecordLog, query: Parameters<RecordLog['list']>[0]) => log.list(query).map(({ id }) => id)

    test('returns live files, newest first, then by id', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      log.append([
        event.added('m', { at: 200 }),
        event.added('a', { at: 100 }),
        event.added('z', { at: 200 }),
        event.added('gone', { at: 300 }),
        event.deleted('gone'),
        event.renamed('a', 'changed later'),
      ])
      expect(ids(log, {})).toEqual(['z', 'm', 'a'])
      log.append([event.restored('gone')])
      expect(ids(log, {})).toEqual(['gone', 'z', 'm', 'a'])
    })

    test('filters by bucket', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      log.append([event.added('f1'), event.added('p1', { remoteKey: event.key(1, 'photos') })])
      expect(ids(log, { bucket: 'photos' })).toEqual(['p1'])
      expect(ids(log, { bucket: 'files' })).toEqual(['f1'])
      expect(ids(log, { bucket: 'Photos' })).toEqual([])
    })

    test.each([
      ['reef', ['f3', 'f1']],
      ['REEF', ['f3', 'f1']],
      ['%', ['f2']],
      ['_', ['f2']],
      ['\\', ['f4']],
      ["'", ['f4']],
      ['Ä', ['f3']],
      ['ä', []],
      ['', ['f4', 'f3', 'f2', 'f1']],
    ])('filters by a name that contains %j', async (search, found) => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const names = ['Reef.jpg', '100_%.png', 'Ähre am reef', "it's\\here"]
      log.append(names.map((name, i) => event.added(`f${i + 1}`, { name })))
      expect(ids(log, { search })).toEqual(found)
    })

    test('returns at most limit files, 100 by default, from offset on', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const all = Array.from({ length: 120 }, (_, i) => `f${String(i).padStart(3, '0')}`)
      log.append(all.map((id) => event.added(id)))
      const newest = all.toReversed()
      expect(ids(log, {})).toEqual(newest.slice(0, 100))
      expect(ids(log, { limit: 3 })).toEqual(newest.slice(0, 3))
      expect(ids(log, { limit: 3, offset: 2 })).toEqual(newest.slice(2, 5))
      expect(ids(log, { offset: 110 })).toEqual(newest.slice(110))
      expect(ids(log, { limit: 1_000 })).toEqual(newest)
      expect(ids(log, { limit: 2, offset: 1_000 })).toEqual([])
    })
  })

  test('returns versions newest first, whatever the clocks said', async () => {
    await using fixture = await make()
    const log = await fixture.open('a')
    const event = eventMaker(fixture.storeId, 'op')
    log.append([
      event.added('f1', { at: 300 }),
      event.added('f2'),
      event.replaced('f1', { remoteKey: event.key(2), basedOn: event.key(1), at: 100 }),
      event.replaced('f1', { remoteKey: event.key(1), basedOn: event.key(2), at: 200 }),
    ])
    const versions = log.versions('f1')
    expect(versions.map(({ remoteKey }) => remoteKey)).toEqual([event.key(1), event.key(2), event.key(1)])
    expect(versions[0]!.id).toBe(log.file('f1')!.version)
    expect(versions.map(({ conflict }) => conflict)).toEqual([false, false, false])
    log.append([event.replaced('f1', { remoteKey: event.key(3), basedOn: event.key(2) })])
    expect(log.versions('f1').map(({ conflict }) => conflict)).toEqual([false, true, false, false])
  })

  test('filesWithContent includes deleted files, and no file whose content has changed', async () => {
    await using fixture = await make()
    const log = await fixture.open('a')
    const event = eventMaker(fixture.storeId, 'op')
    log.append(['f1', 'f2', 'f3'].map((id) => event.added(id)))
    log.append([event.deleted('f2'), event.replaced('f3', { remoteKey: event.key(2) })])
    expect(sortById(log.filesWithContent(event.key(1))).map(({ id }) => id)).toEqual(['f1', 'f2'])
    expect(log.filesWithContent(event.key(2)).map(({ id }) => id)).toEqual(['f3'])
  })

  test('version finds each version by the opId of its event', async () => {
    await using fixture = await make()
    const log = await fixture.open('a')
    const event = eventMaker(fixture.storeId, 'op')
    const events = [event.added('f1'), event.replaced('f1', { remoteKey: event.key(2) })]
    log.append(events)
    expect(log.versions('f1')).toEqual([log.version(events[1]!.opId), log.version(events[0]!.opId)])
    expect(log.version(events[0]!.opId)).toMatchObject({ fileId: 'f1', remoteKey: event.key(1) })
    expect(log.version('f1')).toBeUndefined()
  })
}
