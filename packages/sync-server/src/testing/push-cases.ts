/** `POST /events`. */
import { ownerOf } from '@rockpool/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LogEvent } from '../event-log/event.ts'
import { eventsAfter, toWire } from './events.ts'
import type { Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

const ADDRESS = 'a'.repeat(64)

export const pushCases = (subject: Subject): void => {
  describe('POST /events', () => {
    let store: TestStore
    beforeEach(async () => {
      store = await openStore(subject())
    })

    const storedValues = async () => (await store.events()).body.events.map(({ args }) => args?.value)
    const named = (parent: number, name: string, args: object): LogEvent => ({
      ...eventsAfter(parent, 0)[0]!,
      name,
      argsJson: JSON.stringify(args),
    })
    const deleted = (parent: number) => named(parent, 'v2.FileDeleted', { id: 'x' })
    const added = (parent: number, key: string) => named(parent, 'v2.FileAdded', { id: 'x', remoteKey: key })

    it('appends and responds with the head', async () => {
      const { backendId } = (await store.head()).body
      expect((await store.push(0, eventsAfter(0, 'a', 'b'))).body).toEqual({ backendId, head: 2 })
      expect((await store.push(2, eventsAfter(2, 'c'), { backendId })).body).toEqual({ backendId, head: 3 })
      expect(await storedValues()).toEqual(['a', 'b', 'c'])
    })

    it('takes 1,000 events', async () => {
      const { status } = await store.push(0, eventsAfter(0, ...Array.from({ length: 1_000 }, () => 0)))
      expect(status).toBe(200)
    })

    it.each([
      ['a key __proto__', '{"__proto__":{"a":1},"constructor":{"prototype":1}}'],
      ['-0', '{"zero":-0,"list":[-0]}'],
      ['keys in their order', '{"b":1,"a":2}'],
      ['escaped lone surrogates and NUL', String.raw`{"text":"\ud800 \u0000"}`],
      ['the largest number', '1.7976931348623157e+308'],
      ['an empty object', '{}'],
      ['null', 'null'],
    ])('keeps args as they are: %s', async (_, args) => {
      const event = `{"name":"v1.A","args":${args},"seqNum":1,"parentSeqNum":0,"clientId":"c","sessionId":"s"}`
      expect((await store.post(`{"parent":0,"events":[${event}]}`)).status).toBe(200)
      expect((await store.events()).text).toContain(`"args":${args},"seqNum"`)
      expect((await store.post(`{"parent":0,"events":[${event}]}`)).body.head).toBe(1)
    })

    describe('repeats', () => {
      it('responds 200 to a repeated push and stores it once', async () => {
        const events = eventsAfter(0, 'a', 'b')
        await store.push(0, events)
        expect(await store.push(0, events)).toMatchObject({ status: 200, body: { head: 2 } })
        expect(await store.push(0, [...events, ...eventsAfter(2, 'c')])).toMatchObject({
          status: 200,
          body: { head: 3 },
        })
        expect(await store.push(1, eventsAfter(1, 'b'))).toMatchObject({ status: 200, body: { head: 3 } })
        expect(await storedValues()).toEqual(['a', 'b', 'c'])
      })

      it('stores two copies of a push that arrive together once', async () => {
        const events = eventsAfter(0, 'a', 'b')
        const responses = await Promise.all([store.push(0, events), store.push(0, events)])
        expect(responses.map(({ status }) => status)).toEqual([200, 200])
        expect(await storedValues()).toEqual(['a', 'b'])
      })

      it('stores a push once when its response was lost', async () => {
        const live = await store.live()
        await live.next()
        const lost = new AbortController()
        const body = JSON.stringify({ parent: 0, events: eventsAfter(0, 'a').map(toWire) })
        const push = store.post(body, { signal: lost.signal })
        await live.next() // it is stored
        lost.abort()
        await push.catch(() => undefined)
        expect(await store.post(body)).toMatchObject({ status: 200, body: { head: 1 } })
        expect(await storedValues()).toEqual(['a'])
      })

      it('recognizes a repeat before it looks at rights', async () => {
        const events = [deleted(0), added(1, `${store.storeId}/files/${ADDRESS}`)]
        await store.push(0, events)
        const reader = await store.as({ rights: ['read'] })
        expect(await reader.push(0, events)).toMatchObject({ status: 200, body: { head: 2 } })
        expect(await reader.push(0, [...events, ...eventsAfter(2, 'new')])).toMatchObject({ status: 403 })
      })
    })

    describe('conflicts', () => {
      it('responds 409 with what the device lacks, and stores nothing', async () => {
        const theirs = eventsAfter(0, 'a', 'b')
        const { body } = await store.push(0, theirs)
        const conflict = await store.push(0, eventsAfter(0, 'x', 'y', 'z'))
        expect([conflict.status, conflict.body]).toEqual([409, { ...body, events: theirs.map(toWire) }])
        expect(await storedValues()).toEqual(['a', 'b'])
      })

      it('responds 409 with the events after those that both have', async () => {
        await store.push(0, eventsAfter(0, 'a', 'b', 'c', 'd'))
        const { status, body } = await store.push(1, eventsAfter(1, 'b', 'x'))
        expect([status, body.events.map(({ seqNum }) => seqNum)]).toEqual([409, [3, 4]])
      })

      it('responds 409 before it looks at rights', async () => {
        await store.push(0, eventsAfter(0, 'a'))
        const reader = await store.as({ rights: ['read'] })
        expect((await reader.push(0, eventsAfter(0, 'x'))).status).toBe(409)
      })

      it('responds 409 with at most 1 MiB of events', async () => {
        const large = 'x'.repeat(600_000)
        await store.push(0, eventsAfter(0, large))
        await store.push(1, eventsAfter(1, large))
        const { status, body } = await store.push(0, eventsAfter(0, 'x'))
        expect([status, body.head, body.events.length]).toEqual([409, 2, 1])
      })

      it('responds parent_ahead with head and backend id when the parent is above the head', async () => {
        const { body } = await store.push(0, eventsAfter(0, 'a'))
        const ahead = await store.push(5, eventsAfter(5, 'x'))
        expect([ahead.status, ahead.body.error.code]).toEqual([400, 'parent_ahead'])
        expect(ahead.body).toMatchObject(body)
      })

      it('responds backend_mismatch to a device of another log, also for a repeat', async () => {
        await store.push(0, eventsAfter(0, 'a'))
        const foreign = await store.push(0, eventsAfter(0, 'a'), { backendId: 'another' })
        expect([foreign.status, foreign.body.error.code]).toEqual([409, 'backend_mismatch'])
        expect(foreign.body).not.toHaveProperty('events')
      })
    })

    describe('rights', () => {
      it('responds forbidden without the right to write', async () => {
        const { status, body } = await (await store.as({ rights: ['read'] })).push(0, eventsAfter(0, 'a'))
        expect([status, body.error.code, body.error.index]).toEqual([403, 'forbidden', undefined])
        expect((await store.head()).body.head).toBe(0)
      })

      it('responds forbidden without the right to read', async () => {
        const { status } = await (await store.as({ rights: ['write', 'delete'] })).push(0, eventsAfter(0, 'a'))
        expect(status).toBe(403)
      })

      it('names the index of the forbidden event, and stores nothing of the push', async () => {
        await store.push(0, eventsAfter(0, 'a'))
        const writer = await store.as({ rights: ['read', 'write'] })
        const { status, body } = await writer.push(0, [...eventsAfter(0, 'a', 'b'), deleted(2)])
        expect([status, body.error]).toEqual([
          403,
          { code: 'forbidden', message: expect.stringContaining('may not delete files'), index: 2 },
        ])
        expect(await storedValues()).toEqual(['a'])
      })

      it('responds forbidden to a remote key of another store, bucket or owner', async () => {
        const { storeId } = store
        const own = await ownerOf('ada')
        const refused = [
          'x',
          `other/files/${ADDRESS}`,
          `${storeId}/attic/${ADDRESS}`,
          `${storeId}/inbox/${await ownerOf('bob')}/${ADDRESS}`,
        ]
        for (const key of refused) expect((await store.push(0, [added(0, key)])).body.error.index, key).toBe(0)
        const taken = [added(0, `${storeId}/files/${ADDRESS}`), added(1, `${storeId}/inbox/${own}/${ADDRESS}`)]
        expect((await store.push(0, taken)).status).toBe(200)
      })
    })
  })
}
