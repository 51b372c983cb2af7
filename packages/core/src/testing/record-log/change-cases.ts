/** Changes since a cursor, and notifications. */
import { describe, expect, test } from 'vitest'
import type { ChangeCursor } from '../../ports/record-log.ts'
import { eventMaker, sampleEvents } from '../sample-events.ts'
import { allRows, isSameLog, type MakeRecordLog, Mirror, nextConfirmations, openBoth, until } from './fixture.ts'

export const changeCases = (make: MakeRecordLog): void => {
  describe('changes', () => {
    test('returns the subjects changed after a cursor, each once', async () => {
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

    test('returns at most limit operations at a time', async () => {
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

    test('accepts the cursor as a string after a restart', async () => {
      await using fixture = await make()
      const first = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const mirror = new Mirror()
      first.append([event.added('f1'), event.added('f2')])
      await nextConfirmations(first, 2)
      mirror.read(first)
      mirror.cursor = JSON.parse(JSON.stringify(mirror.cursor))
      const log = await fixture.reopen('a')
      await until([log], () => log.file('f2') !== undefined)
      log.append([event.renamed('f1', 'after the restart')])
      mirror.read(log)
      expect(mirror.rows).toEqual(allRows(log))
    })

    test.each([
      { seed: 1, limit: 100 },
      { seed: 2, limit: 1 },
      { seed: 3, limit: 3 },
    ])('return every differing row after a rebase (seed $seed, $limit at a time)', async (given) => {
      await using fixture = await make()
      const [a, b] = await openBoth(fixture)
      const events = sampleEvents(fixture.storeId, given.seed, 90)
      const mirrors = new Map([a, b].map((log) => [log, new Mirror(given.limit)]))
      const read = () => {
        for (const [log, mirror] of mirrors) mirror.read(log)
      }
      a.append(events.slice(0, 30))
      await until([a, b], () => isSameLog(a, b))
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
      await nextConfirmations(a, 60)
      read()
      await fixture.connect('b')
      await until([a, b], () => events.every(({ opId }) => a.applied(opId) && b.applied(opId)) && isSameLog(a, b))
      read()
      for (const [log, mirror] of mirrors) expect(mirror.rows).toEqual(allRows(log))
    })
  })

  describe('subscribe', () => {
    test('notifies of own events and of those of another device', async () => {
      await using fixture = await make()
      const [a, b] = await openBoth(fixture)
      const event = eventMaker(fixture.storeId, 'op')
      const heard = [a, b].map((log) => new Promise<void>((resolve) => void log.subscribe(resolve)))
      a.append([event.added('f1')])
      await Promise.all(heard)
      await until([b], () => b.file('f1') !== undefined)
      expect(b.file('f1')).toEqual(a.file('f1'))
    })

    test('does not notify after unsubscribe', async () => {
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
}
