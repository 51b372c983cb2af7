/** A server whose WebSockets outlive the object behind them: Durable Objects hibernate. */
import { CLOCK_SKEW_SECONDS } from '@rockpool/access'
import { describe, expect, it } from 'vitest'
import { eventsAfter } from './events.ts'
import type { Subject } from './server-suite.ts'
import { openStore } from './stores.ts'

export const hibernationCases = (subject: Subject): void => {
  describe('a WebSocket that hibernates', () => {
    it('gets the head in reply to ping', async () => {
      const store = await openStore(subject())
      const live = await store.live()
      await live.next()
      const { backendId } = (await store.push(0, eventsAfter(0, 'a'))).body
      await live.next()
      await subject().evict!(store.storeId)
      live.socket.send('ping')
      expect(await live.next()).toEqual({ backendId, head: 1 })
    })

    it('gets the next append, and keeps log and backend id', async () => {
      const store = await openStore(subject())
      const live = await store.live()
      const { backendId } = await live.next()
      for (let head = 0; head < 3; head++) {
        await subject().evict!(store.storeId)
        await store.push(head, eventsAfter(head, head))
        const message = await live.next()
        expect(message).toMatchObject({ backendId, since: head, head: head + 1, events: [{ args: { value: head } }] })
      }
    })

    it('is closed with 4401 when its token expires', async () => {
      const store = await openStore(subject())
      const live = await store.live({ expiresIn: 5 - CLOCK_SKEW_SECONDS })
      await live.next()
      const lasting = await store.live()
      await lasting.next()
      await subject().evict!(store.storeId)
      expect(await live.closed).toBe(4401)
      await store.push(0, eventsAfter(0, 'a'))
      expect(await lasting.next()).toMatchObject({ head: 1 })
    })

    it('gets a Close frame in reply to its own', async () => {
      const store = await openStore(subject())
      const live = await store.live()
      await live.next()
      await subject().evict!(store.storeId)
      live.socket.close(1001)
      expect(await live.closed).toBe(1001)
    })
  })
}
