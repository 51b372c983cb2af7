/** A server that is stopped and started again with the same logs. */
import { describe, expect, it } from 'vitest'
import { eventsAfter } from './events.ts'
import type { Subject } from './server-suite.ts'
import { openStore } from './stores.ts'

export const restartCases = (subject: Subject): void => {
  describe('a restart', () => {
    it('keeps every event and the backend id, and clients connect again', async () => {
      const store = await openStore(subject())
      const before = (await store.push(0, eventsAfter(0, 'a', 'b'))).body
      const live = await store.live()
      await live.next()
      await subject().restart!()
      await live.closed
      expect((await store.head()).body).toEqual(before)
      expect(await store.push(0, eventsAfter(0, 'a', 'b'))).toMatchObject({ status: 200, body: before })
      const again = await store.live({ since: 1 })
      expect(await again.next()).toMatchObject({ ...before, since: 1, events: [{ seqNum: 2 }] })
      await store.push(2, eventsAfter(2, 'c'))
      expect(await again.next()).toMatchObject({ since: 2, head: 3 })
    })
  })
}
