/** `GET /head` and `GET /events`. */
import { beforeEach, describe, expect, it } from 'vitest'
import { eventsAfter, toWire } from './events.ts'
import type { Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

export const readCases = (subject: Subject): void => {
  describe('GET /head and GET /events', () => {
    let store: TestStore
    beforeEach(async () => {
      store = await openStore(subject())
    })

    const numbers = async (query: string) => (await store.events(query)).body.events.map(({ seqNum }) => seqNum)

    it('respond with head 0 and a lasting backend id for a new store', async () => {
      const { status, body, headers } = await store.head()
      expect([status, body]).toEqual([200, { backendId: expect.stringMatching(/^.{8,}$/), head: 0 }])
      expect(headers.get('content-type')).toBe('application/json')
      expect(headers.get('cache-control')).toBe('no-store')
      expect((await store.events()).body).toEqual({ ...body, events: [] })
    })

    it('respond with the events as they were pushed', async () => {
      const events = eventsAfter(0, 'a', { deep: [1, null, 'ü'] })
      await store.push(0, events)
      const { body } = await store.events()
      expect(body).toEqual({ backendId: body.backendId, head: 2, events: events.map(toWire) })
      expect((await store.head()).body).toEqual({ backendId: body.backendId, head: 2 })
    })

    it('respond with the events after `since`, at most `limit`', async () => {
      await store.push(0, eventsAfter(0, 1, 2, 3, 4, 5))
      expect(await numbers('?since=3')).toEqual([4, 5])
      expect(await numbers('?since=1&limit=2')).toEqual([2, 3])
      expect(await numbers('?limit=1')).toEqual([1])
      expect(await numbers('?since=5')).toEqual([])
    })

    it('respond with the head and no events when `since` is above the head', async () => {
      await store.push(0, eventsAfter(0, 1))
      expect((await store.events('?since=7')).body).toMatchObject({ head: 1, events: [] })
    })

    it('respond with pages of at most 1 MiB', async () => {
      // 17 of these have 1,022,000 bytes, 18 more than 1 MiB. A page may end with a push.
      const large = Array.from({ length: 10 }, () => 'x'.repeat(60_000))
      await store.push(0, eventsAfter(0, ...large))
      await store.push(10, eventsAfter(10, ...large))
      const first = await numbers('')
      expect([first[0], first.length >= 10 && first.length <= 17]).toEqual([1, true])
      const { body } = await store.events(`?since=${first.length}`)
      expect([body.head, body.events[0]?.seqNum, body.events.length]).toEqual([20, first.length + 1, 20 - first.length])
    })

    it('respond with at most 1,000 events', async () => {
      await store.push(0, eventsAfter(0, ...Array.from({ length: 1_000 }, (_, index) => index)))
      await store.push(1_000, eventsAfter(1_000, 'last'))
      expect(await numbers('')).toHaveLength(1_000)
      expect(await numbers('?since=1000')).toEqual([1_001])
    })

    it.each([
      'since=-1',
      'since=1.5',
      'since=x',
      'since=',
      'since=1e3',
      'since=99999999999999999999',
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=x',
    ])('respond with bad_request for ?%s', async (query) => {
      const { status, body } = await store.events(`?${query}`)
      expect([status, body.error.code]).toEqual([400, 'bad_request'])
      expect(body.error.message).toContain(query.split('=')[0])
    })

    it('need the right to read', async () => {
      for (const path of ['/head', '/events']) {
        const { status, body } = await (await store.as({ rights: ['write', 'delete'] })).call(path)
        expect([status, body.error.code]).toEqual([403, 'forbidden'])
      }
    })
  })
}
