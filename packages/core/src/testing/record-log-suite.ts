import type { RemoteKey, StoreId } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { memoryReplica } from '../memory/replica.ts'
import type { ChangeCursor, RecordLog } from '../ports/record-log.ts'
import { eventMaker, SAMPLE_CONTENTS, SAMPLE_IDS, sampleEvents, sampleNumbers, sampleReceipt } from './sample-events.ts'

/** Two devices of one store. */
export type DeviceName = 'a' | 'b'

export interface RecordLogFixture extends AsyncDisposable {
  readonly storeId: StoreId
  /** Opens the log of a device, connected to the backend; once each. */
  open(device: DeviceName): Promise<RecordLog>
  /** Ends an open log, by closing it if that was not done, and opens the device's log again on its local data. */
  reopen(device: DeviceName): Promise<RecordLog>
  /** Cuts the device off from the backend, and joins it again. */
  disconnect(device: DeviceName): Promise<void>
  connect(device: DeviceName): Promise<void>
}

/** What every RecordLog must do. `make` gives a store with an empty log, and removes it when it is disposed of. */
export const recordLogSuite = (name: string, make: () => Promise<RecordLogFixture>): void => {
  describe(`RecordLog: ${name}`, () => {
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

      test('of several events: a listener sees all of them', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const heard = new Promise<number>((resolve) => {
          log.subscribe(() => resolve(log.list({}).length))
        })
        log.append([event.added('f1'), event.added('f2'), event.added('f3')])
        expect(await heard).toBe(3)
      })

      test('of nothing', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        log.append([])
        expect(log.list({})).toEqual([])
        expect(log.changes(undefined, 10)).toMatchObject({ subjects: [], more: false })
      })

      test.each([1, 2, 3])('of events in no sensible order gives what the rule book says (seed %i)', async (seed) => {
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
        for (const key of keys(fixture.storeId)) {
          expect(log.remoteContent(key)).toEqual(replica.remoteContents.get(key))
          const named = [...replica.files.values()].filter((file) => file.remoteKey === key)
          expect(byId(log.filesWithContent(key))).toEqual(byId(named))
          const had = [...replica.files.values()].filter(({ id }) =>
            [...replica.versions.values()].some(({ fileId, remoteKey }) => fileId === id && remoteKey === key),
          )
          expect(byId(log.filesWithVersion(key))).toEqual(byId(had))
        }
      })

      test('of events that are in the log already changes nothing, wherever they come', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const events = sampleEvents(fixture.storeId, 4, 100)
        log.append(events)
        const before = snapshot(log)
        const number = sampleNumbers(4)
        log.append(Array.from({ length: 50 }, () => events[number(events.length)]!))
        log.append([events[0]!])
        expect(snapshot(log)).toEqual(before)
      })

      test('of the same event twice at once applies it once', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const renamed = event.renamed('f1', 'once')
        log.append([event.added('f1'), renamed, event.renamed('f1', 'later'), renamed])
        expect(log.file('f1')!.name).toBe('later')
      })
    })

    test('what is not there reads as nothing', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const [key] = keys(fixture.storeId)
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

      test('live files, newest first, then by id', async () => {
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

      test('of one bucket', async () => {
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
      ])('whose name contains %j', async (search, found) => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const names = ['Reef.jpg', '100_%.png', 'Ähre am reef', "it's\\here"]
        log.append(names.map((name, i) => event.added(`f${i + 1}`, { name })))
        expect(ids(log, { search })).toEqual(found)
      })

      test('at most limit of them, 100 when not given, from offset on', async () => {
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

    test('versions come newest first, whatever the clocks said', async () => {
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

    test('filesWithContent names deleted files too, and none whose content is another one now', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      log.append(['f1', 'f2', 'f3'].map((id) => event.added(id)))
      log.append([event.deleted('f2'), event.replaced('f3', { remoteKey: event.key(2) })])
      expect(byId(log.filesWithContent(event.key(1))).map(({ id }) => id)).toEqual(['f1', 'f2'])
      expect(log.filesWithContent(event.key(2)).map(({ id }) => id)).toEqual(['f3'])
    })

    test('version finds each content that a file had, by the opId that brought it', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const events = [event.added('f1'), event.replaced('f1', { remoteKey: event.key(2) })]
      log.append(events)
      expect(log.versions('f1')).toEqual([log.version(events[1]!.opId), log.version(events[0]!.opId)])
      expect(log.version(events[0]!.opId)).toMatchObject({ fileId: 'f1', remoteKey: event.key(1) })
      expect(log.version('f1')).toBeUndefined()
    })

    describe('changes', () => {
      test('since a cursor: what was appended after it, each subject once', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        log.append([event.added('f1'), event.added('f2'), event.renamed('f1', 'x')])
        const all = log.changes(undefined, 100)
        expect(all.subjects.toSorted()).toEqual(['f1', 'f2'])
        expect(all.opIds).toHaveLength(3)
        expect(all.more).toBe(false)
        expect(log.changes(all.cursor, 100)).toMatchObject({ subjects: [], more: false })
        const events = [event.stored(event.key(1)), event.deleted('f2')]
        log.append(events)
        const later = log.changes(all.cursor, 100)
        expect(later.subjects.toSorted()).toEqual(['f2', event.key(1)])
        expect(later.opIds).toEqual(events.map(({ opId }) => opId))
        expect(log.changes(later.cursor, 100).subjects).toEqual([])
      })

      test('at most limit at a time', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const all = Array.from({ length: 10 }, (_, i) => `f${i}`)
        log.append(all.map((id) => event.added(id)))
        const read: string[] = []
        let cursor: ChangeCursor | undefined
        for (let calls = 1; ; calls++) {
          const changes = log.changes(cursor, 3)
          expect(changes.subjects.length).toBeLessThanOrEqual(3)
          expect(changes.more).toBe(calls < 4)
          read.push(...changes.subjects)
          cursor = changes.cursor
          if (!changes.more) break
        }
        expect(read.toSorted()).toEqual(all)
      })

      test('the cursor survives a restart, as a string', async () => {
        await using fixture = await make()
        const first = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const mirror = new Mirror()
        first.append([event.added('f1'), event.added('f2')])
        await confirmed(first, 2)
        mirror.read(first)
        mirror.cursor = JSON.parse(JSON.stringify(mirror.cursor))
        const log = await fixture.reopen('a')
        await until([log], () => log.file('f2') !== undefined)
        log.append([event.renamed('f1', 'after the restart')])
        mirror.read(log)
        expect(mirror.rows).toEqual(rows(log))
      })

      test.each([
        { seed: 1, limit: 100 },
        { seed: 2, limit: 1 },
        { seed: 3, limit: 3 },
      ])('after a rebase a reader has read every row that differs (seed $seed, $limit at a time)', async (given) => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const events = sampleEvents(fixture.storeId, given.seed, 90)
        const mirrors = new Map([a, b].map((log) => [log, new Mirror(given.limit)]))
        const read = () => {
          for (const [log, mirror] of mirrors) mirror.read(log)
        }
        a.append(events.slice(0, 30))
        await until([a, b], () => same(a, b))
        read()
        await fixture.disconnect('a')
        await fixture.disconnect('b')
        for (let i = 30; i < 90; i += 10) {
          a.append(events.slice(i, i + 5))
          b.append(events.slice(i + 5, i + 10))
          read()
        }
        // Whoever comes first: the other's pending events go behind.
        await fixture.connect('a')
        await confirmed(a, 60)
        read()
        await fixture.connect('b')
        await until([a, b], () => events.every(({ opId }) => a.applied(opId) && b.applied(opId)) && same(a, b))
        read()
        for (const [log, mirror] of mirrors) expect(mirror.rows).toEqual(rows(log))
      })
    })

    describe('subscribe', () => {
      test('tells of own events and of those of another device', async () => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const event = eventMaker(fixture.storeId, 'op')
        const heard = [a, b].map((log) => new Promise<void>((resolve) => void log.subscribe(resolve)))
        a.append([event.added('f1')])
        await Promise.all(heard)
        await until([b], () => b.file('f1') !== undefined)
        expect(b.file('f1')).toEqual(a.file('f1'))
      })

      test('is silent after it was ended', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        let heard = 0
        const end = log.subscribe(() => heard++)
        end()
        end()
        const told = new Promise<void>((resolve) => void log.subscribe(resolve))
        log.append([event.added('f1')])
        await told
        expect(heard).toBe(0)
      })
    })

    describe('two devices', () => {
      test('edits of different things, made at once, all hold', async () => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const [mine, yours] = [eventMaker(fixture.storeId, 'a'), eventMaker(fixture.storeId, 'b')]
        a.append([mine.added('f1')])
        await until([b], () => b.file('f1') !== undefined)
        await fixture.disconnect('a')
        await fixture.disconnect('b')
        a.append([mine.renamed('f1', 'renamed here')])
        b.append([yours.metaSet('f1', { set: 'there' }), yours.replaced('f1')])
        await fixture.connect('a')
        await fixture.connect('b')
        await until([a, b], () => same(a, b) && a.file('f1')!.name === 'renamed here' && 'set' in a.file('f1')!.meta)
        expect(a.file('f1')).toMatchObject({ name: 'renamed here', meta: { set: 'there' }, remoteKey: yours.key(2) })
      })

      test('an event repeated after others have edited undoes nothing of theirs', async () => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const [mine, yours] = [eventMaker(fixture.storeId, 'a'), eventMaker(fixture.storeId, 'b')]
        const repeated = [mine.added('f1'), mine.renamed('f1', 'first'), mine.restored('f1')]
        a.append(repeated)
        await until([b], () => b.applied(repeated[2]!.opId))
        b.append([yours.renamed('f1', 'second'), yours.deleted('f1')])
        await until([a], () => a.file('f1')!.deletedAt !== null)
        a.append(repeated)
        const last = mine.added('f2')
        a.append([last])
        await until([b], () => b.applied(last.opId))
        for (const log of [a, b])
          expect(log.file('f1')).toMatchObject({ name: 'second', deletedAt: expect.any(Number) })
        expect(rows(a)).toEqual(rows(b))
      })

      test('applied speaks of what this device knows', async () => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const event = eventMaker(fixture.storeId, 'op')
        await fixture.disconnect('b')
        const added = event.added('f1')
        a.append([added])
        await confirmed(a, 1)
        expect(b.applied(added.opId)).toBe(false)
        await fixture.connect('b')
        await until([b], () => b.applied(added.opId))
        expect(b.file('f1')).toEqual(a.file('f1'))
      })
    })

    describe('confirmations', () => {
      test('name own events in their order, once the backend has them', async () => {
        await using fixture = await make()
        const [a, b] = await openBoth(fixture)
        const [mine, yours] = [eventMaker(fixture.storeId, 'a'), eventMaker(fixture.storeId, 'b')]
        await fixture.disconnect('a')
        const pending = [mine.added('f1'), mine.renamed('f1', 'x')]
        a.append(pending)
        const stop = new AbortController()
        const seen: string[] = []
        const reading = (async () => {
          for await (const { opId } of a.confirmations(undefined, stop.signal)) {
            seen.push(opId)
            if (opId === pending[1]!.opId) stop.abort()
          }
        })()
        // By the time b's event has gone to the backend and back, one that only looked at a would have told.
        b.append([yours.added('f2')])
        await confirmed(b, 1)
        expect(seen).toEqual([])
        await fixture.connect('a')
        await reading
        expect(seen.filter((opId) => pending.some((event) => event.opId === opId))).toEqual(
          pending.map(({ opId }) => opId),
        )
      })

      test('go on after since, also after a restart', async () => {
        await using fixture = await make()
        const first = await fixture.open('a')
        const event = eventMaker(fixture.storeId, 'op')
        const events = ['f1', 'f2', 'f3'].map((id) => event.added(id))
        first.append(events)
        const told = await confirmed(first, 3)
        expect(told.map(({ opId }) => opId)).toEqual(events.map(({ opId }) => opId))
        const rest = await confirmed(first, 2, told[0]!.cursor)
        expect(rest.map(({ opId }) => opId)).toEqual(events.slice(1).map(({ opId }) => opId))
        const log = await fixture.reopen('a')
        const later = event.added('f4')
        log.append([later])
        const [next] = await confirmed(log, 1, told[2]!.cursor)
        expect(next!.opId).toBe(later.opId)
      })

      test('end when the signal aborts, at once if it has', async () => {
        await using fixture = await make()
        const log = await fixture.open('a')
        const stop = new AbortController()
        const reading = collect(log, undefined, stop.signal, Number.POSITIVE_INFINITY)
        stop.abort()
        expect(await reading).toEqual([])
        expect(await collect(log, undefined, stop.signal, 1)).toEqual([])
      })
    })

    test('erase removes what only this device has; the rest comes back from the backend', async () => {
      await using fixture = await make()
      const [a, b] = await openBoth(fixture)
      const event = eventMaker(fixture.storeId, 'op')
      a.append([event.added('synced')])
      await until([b], () => b.file('synced') !== undefined)
      await fixture.disconnect('a')
      a.append([event.added('only here')])
      await a.erase()
      await fixture.connect('a')
      const log = await fixture.reopen('a')
      await until([log], () => log.file('synced') !== undefined)
      const last = event.added('last')
      b.append([last])
      await until([log], () => log.applied(last.opId))
      expect(log.file('only here')).toBeUndefined()
      expect(rows(log)).toEqual(rows(b))
    })
  })
}

const openBoth = async (fixture: RecordLogFixture): Promise<readonly [RecordLog, RecordLog]> => [
  await fixture.open('a'),
  await fixture.open('b'),
]

const keys = (storeId: StoreId): readonly RemoteKey[] =>
  SAMPLE_CONTENTS.map((content) => eventMaker(storeId, 'none').key(content))

const byId = <T extends { readonly id: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** What the log says of one file or remote key. */
const row = (log: RecordLog, subject: string) => ({
  file: log.file(subject),
  versions: log.versions(subject),
  content: log.remoteContent(subject as RemoteKey),
})

/** What the log says of everything that ever changed in it. */
const rows = (log: RecordLog) =>
  new Map(
    log
      .changes(undefined, 1_000_000)
      .subjects.toSorted()
      .map((subject) => [subject, row(log, subject)]),
  )

const snapshot = (log: RecordLog) => ({ rows: rows(log), list: log.list({ limit: 1_000 }) })

const same = (a: RecordLog, b: RecordLog): boolean => JSON.stringify([...rows(a)]) === JSON.stringify([...rows(b)])

/** Follows a log by its changes alone, as the engine and the service worker's mirror do. */
class Mirror {
  cursor: ChangeCursor | undefined
  readonly #limit: number
  readonly #rows = new Map<string, ReturnType<typeof row>>()

  constructor(limit = 100) {
    this.#limit = limit
  }

  get rows() {
    return new Map([...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  read(log: RecordLog): void {
    for (let more = true; more;) {
      const changes = log.changes(this.cursor, this.#limit)
      for (const subject of changes.subjects) this.#rows.set(subject, row(log, subject))
      this.cursor = changes.cursor
      more = changes.more
    }
  }
}

/** Waits until `holds`, looking again whenever one of the logs changed. */
const until = async (logs: readonly RecordLog[], holds: () => boolean): Promise<void> => {
  while (!holds()) {
    const ends: (() => void)[] = []
    await new Promise<void>((resolve) => {
      for (const log of logs) ends.push(log.subscribe(resolve))
      if (holds()) resolve()
    })
    for (const end of ends) end()
  }
}

/** The next `count` confirmations. */
const confirmed = (log: RecordLog, count: number, since?: string) =>
  collect(log, since, new AbortController().signal, count)

const collect = async (log: RecordLog, since: string | undefined, signal: AbortSignal, count: number) => {
  const told: { readonly opId: string; readonly cursor: string }[] = []
  for await (const confirmation of log.confirmations(since, signal)) {
    told.push(confirmation)
    if (told.length >= count) break
  }
  return told
}
