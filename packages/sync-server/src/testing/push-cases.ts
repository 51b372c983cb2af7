/** `POST /events`. */
import { receiptSigner } from '@rockpool/access'
import { ADDRESS, FORMER_SECRET, poolArgs, SECRET } from '@rockpool/access/testing'
import { ownerOf, type RemoteKey } from '@rockpool/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LogEvent } from '../event-log/event.ts'
import { eventsAfter, toWire } from './events.ts'
import type { Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

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
    const deleted = (parent: number) => named(parent, 'v2.FileDeleted', poolArgs(store.storeId)['v2.FileDeleted'])
    const added = (parent: number, remoteKey: string) =>
      named(parent, 'v2.FileAdded', { ...poolArgs(store.storeId)['v2.FileAdded'], remoteKey })
    /** malformed, whoever pushes it */
    const bad = (parent: number) => named(parent, 'v2.FileAdded', {})
    const numbered = (...events: readonly LogEvent[]) =>
      events.map((event, index) => Object.assign({}, event, { seqNum: index + 1 }))

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
        const writer = await store.as({ rights: ['read', 'write'] })
        expect(await writer.push(0, [...events, ...eventsAfter(2, 'new')])).toMatchObject({ status: 200 })
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
        const large = Array.from({ length: 10 }, () => 'x'.repeat(60_000))
        await store.push(0, eventsAfter(0, ...large))
        await store.push(10, eventsAfter(10, ...large))
        const { status, body } = await store.push(0, eventsAfter(0, 'x'))
        expect([status, body.head, body.events[0]?.seqNum]).toEqual([409, 20, 1])
        expect(body.events.length).toBeLessThanOrEqual(17)
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

      it('refuses single events that the token does not give the right to', async () => {
        const { storeId } = store
        const writer = await store.as({ rights: ['read', 'write'] })
        const keys = [
          `other/files/${ADDRESS}`,
          `${storeId}/inbox/${await ownerOf('bob')}/${ADDRESS}`,
          `${storeId}/inbox/${ADDRESS}`,
        ]
        for (const event of [deleted(0), ...keys.map((key) => added(0, key))]) {
          const { status, body } = await writer.push(0, [event])
          expect([status, body.taken, body.refused]).toEqual([
            422,
            0,
            [{ index: 0, code: 'forbidden', message: expect.stringMatching(/^[A-Z].+\.$/) }],
          ])
        }
        const own = `${storeId}/inbox/${await ownerOf('ada')}/${ADDRESS}`
        expect((await writer.push(0, [added(0, `${storeId}/files/${ADDRESS}`), added(1, own)])).status).toBe(200)
      })
    })

    describe('refused events', () => {
      it('responds 422 with the first refused event, and stores those before it', async () => {
        const { backendId } = (await store.head()).body
        const { status, body } = await store.push(0, [...eventsAfter(0, 'a', 'b'), bad(2), ...eventsAfter(3, 'd')])
        expect([status, body]).toEqual([
          422,
          { backendId, head: 2, taken: 2, refused: [{ index: 2, code: 'bad_event', message: expect.any(String) }] },
        ])
        expect(await storedValues()).toEqual(['a', 'b'])
      })

      it('lists the further events that are refused whatever comes before them', async () => {
        const push = numbered(bad(0), eventsAfter(0, 'b')[0]!, named(0, 'v7.FileX', {}), bad(0))
        const { body } = await store.push(0, push)
        expect([body.head, body.taken, body.refused.map(({ index, code }) => [index, code])]).toEqual([
          0,
          0,
          [
            [0, 'bad_event'],
            [2, 'unknown_event'],
            [3, 'bad_event'],
          ],
        ])
      })

      it('takes what follows once the refused events are gone', async () => {
        await store.push(0, [...eventsAfter(0, 'a'), bad(1), ...eventsAfter(2, 'c')])
        expect(await store.push(1, eventsAfter(1, 'c'))).toMatchObject({ status: 200, body: { head: 2 } })
        expect(await storedValues()).toEqual(['a', 'c'])
      })

      it('recognizes the prefix when the same push comes again', async () => {
        const push = [...eventsAfter(0, 'a'), bad(1), ...eventsAfter(2, 'c')]
        const first = await store.push(0, push)
        const again = await store.push(0, push)
        expect([again.status, again.body]).toEqual([422, first.body])
        expect(await storedValues()).toEqual(['a'])
      })

      it('counts repeats as taken', async () => {
        await store.push(0, eventsAfter(0, 'a', 'b'))
        const { body } = await store.push(0, [...eventsAfter(0, 'a', 'b', 'c'), bad(3)])
        expect([body.head, body.taken, body.refused[0]?.index]).toEqual([3, 3, 3])
      })

      it('publishes what was taken, and nothing of what was refused', async () => {
        const live = await store.live()
        await live.next()
        await store.push(0, [bad(0)])
        const [a] = eventsAfter(0, 'a')
        await store.push(0, [a!, bad(1), ...eventsAfter(2, 'c')])
        expect(await live.next()).toMatchObject({ since: 0, head: 1, events: [toWire(a!)] })
        live.socket.send('ping')
        expect(await live.next()).toMatchObject({ head: 1 })
      })

      it('responds 409 to a push that others were before, whatever is in it', async () => {
        await store.push(0, eventsAfter(0, 'theirs'))
        const conflict = await store.push(0, [bad(0)])
        expect([conflict.status, conflict.body.events.length]).toEqual([409, 1])
        const deep = '['.repeat(10_000) + ']'.repeat(10_000)
        const event = JSON.stringify(toWire(eventsAfter(0, '')[0]!)).replace('{"value":""}', deep)
        expect((await store.post(`{"parent":0,"events":[${event}]}`)).status).toBe(409)
      })

      it('stores the prefix of an overtaken push behind the events of others, once', async () => {
        await store.push(0, eventsAfter(0, 'theirs'))
        const push = numbered(
          { ...eventsAfter(0, 'a')[0]!, sessionId: 's#1.1' },
          { ...bad(0), sessionId: 's#1.2' },
          { ...eventsAfter(0, 'c')[0]!, sessionId: 's#1.3' },
        )
        for (let time = 0; time < 2; time++) {
          const { status, body } = await store.push(0, push, { mayRenumber: true })
          expect([status, body]).toMatchObject([422, { head: 2, taken: 1, refused: [{ index: 1 }] }])
          expect(body.events.map(({ args }) => args?.value)).toEqual(['theirs', 'a'])
        }
        expect(await storedValues()).toEqual(['theirs', 'a'])
      })

      it('lets two writers push around their refused events', async () => {
        const write = async (name: string) => {
          for (let done = 0, parent = 0; done < 10;) {
            const push = [...eventsAfter(parent, `${name}${done}`), bad(parent + 1), ...eventsAfter(parent + 2, 'lost')]
            const { status, body } = await store.push(parent, push)
            if (status === 422) done++
            parent = body.head
          }
        }
        await Promise.all(['a', 'b'].map(write))
        const values = await storedValues()
        expect(values).toHaveLength(20)
        expect(values).not.toContain('lost')
      })

      describe('of ContentStored', () => {
        const stored = async (secret: string | undefined, change: object = {}) => {
          const args = poolArgs(store.storeId)['v2.ContentStored']
          const sign = secret === undefined ? undefined : receiptSigner(secret)
          const receipt = await sign?.(args.remoteKey as RemoteKey, { size: 5_000, at: 1_700_000_000_000 })
          return named(0, 'v2.ContentStored', { ...args, receipt, ...change })
        }

        it('takes one with the receipt of the signer, and one without a receipt', async () => {
          const push = numbered(await stored(SECRET), await stored(undefined))
          expect(await store.push(0, push)).toMatchObject({ status: 200, body: { head: 2 } })
        })

        it('refuses one with a receipt by another secret or for another remote key, and takes what is before it', async () => {
          const otherKey = { remoteKey: `${store.storeId}/files/${'b'.repeat(64)}` }
          const wrong = [await stored(FORMER_SECRET), await stored(SECRET, otherKey)]
          const { status, body } = await store.push(0, numbered(...eventsAfter(0, 'a'), ...wrong))
          expect([status, body.head, body.refused.map(({ index, code }) => [index, code])]).toEqual([
            422,
            1,
            [
              [1, 'bad_receipt'],
              [2, 'bad_receipt'],
            ],
          ])
          expect(body.refused[0]!.message).toContain('the same receipt secret')
        })

        it('refuses one with a receipt of another type', async () => {
          const { body } = await store.push(0, [await stored(undefined, { receipt: 7 })])
          expect(body.refused).toMatchObject([{ index: 0, code: 'bad_event' }])
        })
      })

      it.each([
        ['an empty name', { name: '' }, 'bad_event'],
        ['a lone surrogate in its name', { name: '\ud800' }, 'bad_event'],
        ['NUL in its name', { name: 'v1.\0' }, 'bad_event'],
        ['a clientId of 65 characters', { clientId: 'x'.repeat(65) }, 'bad_event'],
        ['NUL in its sessionId', { sessionId: '\0' }, 'bad_event'],
        ['a reserved name', { name: 'v3.FileAdded' }, 'unknown_event'],
        ['more than 64 KiB', { argsJson: JSON.stringify('x'.repeat(65_536)) }, 'event_too_large'],
      ])('refuses an event with %s', async (_, change, code) => {
        const [event] = eventsAfter(0, 'a')
        const { status, body } = await store.push(0, [{ ...event!, ...change }])
        expect([status, body.refused]).toMatchObject([422, [{ index: 0, code }]])
      })

      it.each([
        ['a number out of range', '1e999'],
        ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000)],
        ['100,000 levels of objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
      ])('refuses args with %s, and takes what is before them', async (_, args) => {
        const [a, b] = eventsAfter(0, 'a', 'b').map((event) => JSON.stringify(toWire(event)))
        const body = `{"parent":0,"events":[${a},${b!.replace('{"value":"b"}', args)}]}`
        for (const response of [await store.post(body), await store.post(body)]) {
          expect([response.status, response.body]).toMatchObject([422, { head: 1, taken: 1, refused: [{ index: 1 }] }])
        }
      })

      it('takes names of the app that every object has', async () => {
        const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
        expect((await store.push(0, numbered(...names.map((name) => named(0, name, {}))))).status).toBe(200)
      })
    })
  })
}
