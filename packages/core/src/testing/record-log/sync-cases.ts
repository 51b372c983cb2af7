/** Two devices: concurrent edits, confirmations, erasing. */
import { describe, expect, test } from 'vitest'
import { eventMaker } from '../sample-events.ts'
import {
  type MakeRecordLog,
  openBoth,
  allRows,
  isSameLog,
  until,
  nextConfirmations,
  collectConfirmations,
} from './fixture.ts'

export const syncCases = (make: MakeRecordLog): void => {
  describe('two devices', () => {
    test('keep concurrent edits of different fields', async () => {
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
      await until([a, b], () => isSameLog(a, b) && a.file('f1')!.name === 'renamed here' && 'set' in a.file('f1')!.meta)
      expect(a.file('f1')).toMatchObject({ name: 'renamed here', meta: { set: 'there' }, remoteKey: yours.key(2) })
    })

    test('keep the edits of others when an earlier event is repeated', async () => {
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
      for (const log of [a, b]) expect(log.file('f1')).toMatchObject({ name: 'second', deletedAt: expect.any(Number) })
      expect(allRows(a)).toEqual(allRows(b))
    })

    test('applied is true only for events that this device has', async () => {
      await using fixture = await make()
      const [a, b] = await openBoth(fixture)
      const event = eventMaker(fixture.storeId, 'op')
      await fixture.disconnect('b')
      const added = event.added('f1')
      a.append([added])
      await nextConfirmations(a, 1)
      expect(b.applied(added.opId)).toBe(false)
      await fixture.connect('b')
      await until([b], () => b.applied(added.opId))
      expect(b.file('f1')).toEqual(a.file('f1'))
    })
  })

  describe('confirmations', () => {
    test('name own events in order, once the backend has them', async () => {
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
      await nextConfirmations(b, 1)
      expect(seen).toEqual([])
      await fixture.connect('a')
      await reading
      expect(seen.filter((opId) => pending.some((event) => event.opId === opId))).toEqual(
        pending.map(({ opId }) => opId),
      )
    })

    test('continue after since, even after a restart', async () => {
      await using fixture = await make()
      const first = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const events = ['f1', 'f2', 'f3'].map((id) => event.added(id))
      first.append(events)
      const told = await nextConfirmations(first, 3)
      expect(told.map(({ opId }) => opId)).toEqual(events.map(({ opId }) => opId))
      const rest = await nextConfirmations(first, 2, told[0]!.cursor)
      expect(rest.map(({ opId }) => opId)).toEqual(events.slice(1).map(({ opId }) => opId))
      const log = await fixture.reopen('a')
      const later = event.added('f4')
      log.append([later])
      const [next] = await nextConfirmations(log, 1, told[2]!.cursor)
      expect(next!.opId).toBe(later.opId)
    })

    test('end when the signal aborts, or immediately if it has', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const stop = new AbortController()
      const reading = collectConfirmations(log, undefined, stop.signal, Number.POSITIVE_INFINITY)
      stop.abort()
      expect(await reading).toEqual([])
      expect(await collectConfirmations(log, undefined, stop.signal, 1)).toEqual([])
    })
  })

  test('erase removes local events for good, and confirmed ones come back from the backend', async () => {
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
    expect(allRows(log)).toEqual(allRows(b))
  })
}
