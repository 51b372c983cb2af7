/** Requests that no client of ours sends. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { SECRET, signToken } from '@rockpool/access/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { eventsAfter, toWire } from './events.ts'
import { httpClient } from './http-client.ts'
import type { Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

const EVENT = toWire(eventsAfter(0, 'a')[0]!)
const SECOND = toWire(eventsAfter(1, 'b')[0]!)
const MIB = 1024 * 1024

export const requestCases = (subject: Subject): void => {
  describe('a wrong request', () => {
    let store: TestStore
    beforeEach(async () => {
      store = await openStore(subject())
    })

    it.each<[string, string]>([
      ['no body', ''],
      ['text', 'hello'],
      ['half of a body', '{"parent":0,"events":[{'],
      ['null', 'null'],
      ['a list', '[]'],
      ['a number', '7'],
      ['no events', JSON.stringify({ parent: 0 })],
      ['an empty list of events', JSON.stringify({ parent: 0, events: [] })],
      ['events that are an object', JSON.stringify({ parent: 0, events: { 0: EVENT } })],
      ['no parent', JSON.stringify({ events: [EVENT] })],
      ['a negative parent', JSON.stringify({ parent: -1, events: [EVENT] })],
      ['a fractional parent', JSON.stringify({ parent: 0.5, events: [EVENT] })],
      ['a parent that is a string', JSON.stringify({ parent: '0', events: [EVENT] })],
      ['a parent out of range', JSON.stringify({ parent: 2 ** 53, events: [EVENT] })],
      ['a backendId that is no string', JSON.stringify({ backendId: 7, parent: 0, events: [EVENT] })],
    ])('gets bad_request for a body that is %s', async (_, body) => {
      const { status, body: response } = await store.post(body)
      expect([status, response.error.code]).toEqual([400, 'bad_request'])
      expect(response.error.message).toMatch(/^[^\n]+\.$/)
    })

    it.each<[string, unknown]>([
      ['null', null],
      ['a string', 'event'],
      ['without a name', { ...SECOND, name: undefined }],
      ['with a name that is a number', { ...SECOND, name: 7 }],
      ['without a clientId', { ...SECOND, clientId: undefined }],
      ['without a sessionId', { ...SECOND, sessionId: undefined }],
      ['with a seqNum that is a string', { ...SECOND, seqNum: '2' }],
      ['with a gap before it', { ...SECOND, seqNum: 3, parentSeqNum: 2 }],
      ['with a number that was used', { ...SECOND, seqNum: 1, parentSeqNum: 0 }],
      ['whose parentSeqNum is not the number before', { ...SECOND, seqNum: 2, parentSeqNum: 0 }],
      ['with a number from the future', { ...SECOND, seqNum: 1e9, parentSeqNum: 1 }],
    ])('gets bad_request with the index of an event %s', async (_, event) => {
      const { status, body } = await store.post(JSON.stringify({ parent: 0, events: [EVENT, event] }))
      expect([status, body.error.code, body.error.index]).toEqual([400, 'bad_request', 1])
      expect((await store.head()).body.head).toBe(0)
    })

    it('gets bad_request for a body that is not UTF-8', async () => {
      const { status, body } = await store.post(Buffer.from('{"parent":0,"events":["\xff"]}', 'latin1'))
      expect([status, body.error.code]).toEqual([400, 'bad_request'])
    })

    it('gets too_large for more than 1,000 events', async () => {
      const { status, body } = await store.push(0, eventsAfter(0, ...Array.from({ length: 1_001 }, () => 0)))
      expect([status, body.error.code]).toEqual([413, 'too_large'])
    })

    it('gets too_large for a body over 1 MiB, with or without a length', async () => {
      const body = JSON.stringify({ parent: 0, events: [toWire(eventsAfter(0, 'x'.repeat(MIB))[0]!)] })
      const chunked = new Blob([body]).stream()
      const responses = [await store.post(body), await store.post(chunked, { duplex: 'half' } as RequestInit)]
      for (const { status, body } of responses) expect([status, body.error.code]).toEqual([413, 'too_large'])
      expect((await store.head()).body.head).toBe(0)
    })

    it('leaves nothing behind when it ends in the middle of its body', async () => {
      const { hostname, port, pathname } = new URL(subject().url)
      const token = await signToken(store.storeId)
      const body = JSON.stringify({ parent: 0, events: [EVENT] })
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      const lines = [
        `POST ${pathname}/${store.storeId}/events HTTP/1.1`,
        'host: localhost',
        `authorization: Bearer ${token}`,
        `content-length: ${body.length}`,
        '',
        body.slice(0, -5),
      ]
      await new Promise((written) => void socket.write(lines.join('\r\n'), written))
      socket.destroy()
      expect((await store.push(0, eventsAfter(0, 'b'))).body.head).toBe(1)
      expect((await store.events()).body.events).toMatchObject([{ args: { value: 'b' } }])
    })

    it.each([
      ['PUT', '/head', 'GET'],
      ['POST', '/head', 'GET'],
      ['DELETE', '/events', 'GET, POST'],
      ['PATCH', '/events', 'GET, POST'],
      ['POST', '/live', 'GET'],
    ])('gets method_not_allowed for %s %s', async (method, path, allow) => {
      const { status, body, headers } = await store.call(path, { method })
      expect([status, body.error.code, headers.get('allow')]).toEqual([405, 'method_not_allowed', allow])
    })

    it.each(['', '/', '/heads', '/head/', '/head/x', '/constructor', '/__proto__'])(
      'gets not_found for the path "%s" of a store',
      async (path) => {
        const { status, body } = await store.call(path)
        expect([status, body.error.code]).toEqual([404, 'not_found'])
      },
    )

    it.each(['tmp', 'a.b', 'a%2Fb', '%2e%2e', 'ä', 'x'.repeat(129)])(
      'gets not_found for the store id %s, whatever the token says',
      async (storeId) => {
        const { status, body } = await httpClient(subject().url, storeId, await signToken('shop')).head()
        expect([status, body.error.code]).toEqual([404, 'not_found'])
      },
    )

    it.each<[string, () => Promise<string | undefined>, number, string]>([
      ['no token', async () => undefined, 401, 'unauthenticated'],
      ['a token that is none', async () => 'ada', 401, 'unauthenticated'],
      ['an expired token', () => signToken(store.storeId, { expiresIn: -31 }), 401, 'unauthenticated'],
      ['a token of another issuer', () => signToken(store.storeId, { secret: `${SECRET}!` }), 401, 'unauthenticated'],
      ['a token for another store', () => signToken(`${store.storeId}0`), 403, 'forbidden'],
      ['a token without rights', () => signToken(store.storeId, { rights: [] }), 403, 'forbidden'],
    ])('gets nothing with %s', async (_, token, status, code) => {
      const client = httpClient(subject().url, store.storeId, await token())
      const responses = [await client.head(), await client.events(), await client.push(0, eventsAfter(0, 'a'))]
      for (const response of responses) expect([response.status, response.body.error.code]).toEqual([status, code])
      expect((await store.head()).body.head).toBe(0)
    })

    it('gets nothing for a token in the URL', async () => {
      const url = `${subject().url}/${store.storeId}/head?token=${await signToken(store.storeId)}`
      expect((await fetch(url)).status).toBe(401)
    })
  })
}
