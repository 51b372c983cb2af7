/** `GET /live`. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CLOCK_SKEW_SECONDS } from '@rockpool/access'
import { SECRET, signToken } from '@rockpool/access/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { eventsAfter, toWire } from './events.ts'
import { bearerProtocol, connectLive, type LiveClient, refusedUpgrade } from './live-client.ts'
import type { ServerFeatures, Subject } from './server-suite.ts'
import { openStore, type TestStore } from './stores.ts'

export const liveCases = (subject: Subject, { streams, closesSlowReaders }: ServerFeatures): void => {
  describe('GET /live as a WebSocket', () => {
    let store: TestStore
    beforeEach(async () => {
      store = await openStore(subject())
    })

    it('sends the events after `since`, then one message for each append', async () => {
      const events = eventsAfter(0, 'a', 'b', 'c', 'd')
      const { backendId } = (await store.push(0, events.slice(0, 2))).body
      const live = await store.live({ since: 1 })
      expect(await live.next()).toEqual({ backendId, since: 1, head: 2, events: [toWire(events[1]!)] })
      await store.push(2, events.slice(2))
      expect(await live.next()).toEqual({ backendId, since: 2, head: 4, events: events.slice(2).map(toWire) })
    })

    it('sends the whole log without `since`, and none of it above the head', async () => {
      await store.push(0, eventsAfter(0, 'a'))
      expect(await (await store.live()).next()).toMatchObject({ since: 0, head: 1, events: [{ seqNum: 1 }] })
      expect(await (await store.live({ since: 9 })).next()).toMatchObject({ since: 9, head: 1, events: [] })
    })

    it('echoes the subprotocol rockpool.v1 and never the token', async () => {
      const live = await store.live()
      await live.next()
      expect(live.socket.protocol).toBe('rockpool.v1')
    })

    it('takes the token from the Authorization header', async () => {
      const authorization = `Bearer ${await signToken(store.storeId)}`
      const live = connectLive(subject().url, store.storeId, undefined, { headers: { authorization } })
      expect(await live.next()).toMatchObject({ head: 0 })
      live.socket.terminate()
    })

    it('sends only new events of a push, and nothing for a repeat or a conflict', async () => {
      const live = await store.live()
      await live.next()
      await store.push(0, eventsAfter(0, 'a'))
      await store.push(0, eventsAfter(0, 'a'))
      await store.push(0, eventsAfter(0, 'x'))
      await store.push(0, eventsAfter(0, 'a', 'b'))
      expect(await live.next()).toMatchObject({ since: 0, head: 1 })
      expect(await live.next()).toMatchObject({ since: 1, head: 2, events: [{ seqNum: 2 }] })
    })

    it('announces an append over 64 KiB by its head', async () => {
      const live = await store.live()
      await live.next()
      // The largest event that is taken, and then the frame of the message.
      await store.push(0, eventsAfter(0, 'x'.repeat(65_400)))
      expect(await live.next()).toMatchObject({ since: 0, head: 1, events: [] })
      expect(await (await store.live()).next()).toMatchObject({ since: 0, head: 1, events: [] })
    })

    it('sends a first page of at most 64 KiB', async () => {
      await store.push(0, eventsAfter(0, ...Array.from({ length: 4 }, () => 'x'.repeat(30_000))))
      const { head, events } = await (await store.live()).next()
      expect([head, events?.map(({ seqNum }) => seqNum)]).toEqual([4, [1, 2]])
    })

    it('replies to ping with the head, and ignores other messages', async () => {
      const live = await store.live()
      await live.next()
      const { backendId } = (await store.push(0, eventsAfter(0, 'a'))).body
      await live.next()
      live.socket.send('{"push":"me"}')
      live.socket.send(Buffer.from([1, 2, 3]))
      live.socket.send('ping')
      expect(await live.next()).toEqual({ backendId, head: 1 })
    })

    it('closes with 4401 when the token is missing, malformed or expired', async () => {
      const { url } = subject()
      const tokens = [
        undefined,
        'ada',
        await signToken(store.storeId, { expiresIn: -31 }),
        await signToken(store.storeId, { secret: `${SECRET}!` }),
      ]
      for (const token of tokens) expect(await connectLive(url, store.storeId, token).closed, token).toBe(4401)
      const protocols = ['rockpool.v1', 'rockpool.bearer.a']
      expect(await connectLive(url, store.storeId, undefined, { protocols }).closed).toBe(4401)
    })

    it('closes with 4403 when the token does not give the right to read', async () => {
      expect(await (await store.live({ rights: ['write'] })).closed).toBe(4403)
      expect(await connectLive(subject().url, store.storeId, await signToken('another')).closed).toBe(4403)
    })

    it('refuses the upgrade for a wrong path, query or subprotocol', async () => {
      const { url } = subject()
      const { storeId } = store
      const token = await signToken(storeId)
      expect(await refusedUpgrade(connectLive(url, storeId, token, { since: -1 }))).toBe(400)
      expect(await refusedUpgrade(connectLive(url, 'tmp', token))).toBe(404)
      const headers = { authorization: `Bearer ${token}` }
      expect(await refusedUpgrade(connectLive(url, storeId, undefined, { protocols: [], headers }))).toBe(400)
      const protocols = [bearerProtocol(token)]
      expect(await refusedUpgrade(connectLive(url, storeId, undefined, { protocols }))).toBe(400)
    })

    it('closes with 4401 when the token expires, also while no message is sent', async () => {
      const live = await store.live({ expiresIn: 3 - CLOCK_SKEW_SECONDS })
      expect(await live.next()).toMatchObject({ head: 0 })
      expect(await live.closed).toBe(4401)
    })

    it('replies to a Close frame with a Close frame', async () => {
      const { hostname, port, pathname } = new URL(subject().url)
      const socket = connect(Number(port), hostname)
      onTestFinished(() => void socket.destroy())
      await once(socket, 'connect')
      const lines = [
        `GET ${pathname}/${store.storeId}/live HTTP/1.1`,
        'host: localhost',
        'connection: Upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
        `sec-websocket-protocol: rockpool.v1, ${bearerProtocol(await signToken(store.storeId))}`,
      ]
      socket.write([...lines, '', ''].join('\r\n'))
      let received = Buffer.alloc(0)
      const ended = new Promise<void>((resolve) => void socket.once('end', resolve))
      const firstMessage = new Promise<void>((resolve) => {
        socket.on('data', (data) => {
          received = Buffer.concat([received, data])
          if (received.includes('"head":0')) resolve()
        })
      })
      await firstMessage
      // A masked Close frame with the code 1001: RFC 6455, section 5.5.1.
      socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]))
      await ended
      expect(received.subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe9]))
    })

    it('reaches the others when a WebSocket dies', async () => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => store.live()))
      for (const client of clients) await client.next()
      const dying = clients.filter((_, index) => index % 2 === 0)
      const push = store.push(0, eventsAfter(0, 'a'))
      for (const { socket } of dying) socket.terminate()
      await push
      await store.push(1, eventsAfter(1, 'b'))
      for (const client of clients.filter((_, index) => index % 2 === 1)) {
        expect(await client.next()).toMatchObject({ since: 0, head: 1 })
        expect(await client.next()).toMatchObject({ since: 1, head: 2 })
      }
    })
  })

  if (closesSlowReaders) slowReaderCase(subject)

  describe('GET /live by fetch', () => {
    const cases = streams ? streamCases : noStreamCase
    cases(subject)

    it('needs a token that may read', async () => {
      const store = await openStore(subject())
      expect((await (await store.as({ rights: ['write'] })).call('/live')).status).toBe(403)
      expect((await (await store.as({ expiresIn: -31 })).call('/live')).status).toBe(401)
    })
  })
}

const pauseReading = ({ socket }: LiveClient): (() => void) => {
  const { _socket: tcp } = socket as unknown as { readonly _socket: Socket }
  tcp.pause()
  return () => void tcp.resume()
}

const slowReaderCase = (subject: Subject): void => {
  describe('a slow reader', () => {
    it('is closed with 4408, and the others get every message', async () => {
      const store = await openStore(subject())
      const slow = await store.live()
      const quick = await store.live()
      await slow.next()
      await quick.next()
      // As a device that sleeps: its system buffers some bytes, and the app reads none.
      const resume = pauseReading(slow)
      const text = 'x'.repeat(60_000)
      for (let head = 0; head < 200; head++) {
        await store.push(head, eventsAfter(head, text))
        expect(await quick.next()).toMatchObject({ since: head, head: head + 1 })
      }
      resume()
      expect(await slow.closed).toBe(4408)
    })
  })
}

const streamCases = (subject: Subject): void => {
  const openStream = async ({ storeId }: TestStore, since: number, signal: AbortSignal) => {
    const headers = { authorization: `Bearer ${await signToken(storeId)}` }
    return fetch(`${subject().url}/${storeId}/live?since=${since}`, { headers, signal })
  }

  it('sends the messages of the WebSocket as lines of JSON', async () => {
    const store = await openStore(subject())
    const { backendId } = (await store.push(0, eventsAfter(0, 'a'))).body
    const end = new AbortController()
    const response = await openStream(store, 1, end.signal)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe(`${JSON.stringify({ backendId, since: 1, head: 1, events: [] })}\n`)
    const [event] = eventsAfter(1, 'b')
    await store.push(1, [event!])
    const { value } = await reader.read()
    expect(JSON.parse(value!)).toEqual({ backendId, since: 1, head: 2, events: [toWire(event!)] })
    end.abort()
    await store.push(2, eventsAfter(2, 'c'))
    expect((await store.head()).body.head).toBe(3)
  })

  it('ends when the token expires', async () => {
    const store = await openStore(subject())
    // Long enough for the first message on a busy machine.
    const client = await store.as({ expiresIn: 3 - CLOCK_SKEW_SECONDS })
    // A call reads its response to the end.
    const { status, text } = await client.call('/live')
    expect([status, text.split('\n')]).toEqual([200, [expect.stringContaining('"head":0'), '']])
  })
}

const noStreamCase = (subject: Subject): void => {
  it('responds not_found where there are no streams', async () => {
    const { status, body } = await (await openStore(subject())).call('/live')
    expect([status, body.error.code]).toEqual([404, 'not_found'])
  })
}
