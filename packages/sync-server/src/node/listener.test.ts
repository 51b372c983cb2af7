/** The sync server inside another Node server, and hostile connections. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { sharedSecretTokens } from '@rockpool/access'
import { SECRET, signToken } from '@rockpool/access/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import type { SyncOptions } from '../http/handler.ts'
import { testClock } from '../testing/clock.ts'
import { eventsAfter } from '../testing/events.ts'
import { httpClient } from '../testing/http-client.ts'
import { connectLive } from '../testing/live-client.ts'
import { createSyncListener, type SyncListener } from './listener.ts'

/** Mounts the sync server in an app's own server, which answers everything else. */
const mount = async (options: Partial<SyncOptions> = {}) => {
  const authenticate = sharedSecretTokens({ secrets: [SECRET] })
  const sync = createSyncListener({ logs: memoryLogs(), authenticate, ...options })
  const app: RequestListener = (request, response) =>
    request.url!.startsWith('/sync/') ? sync.requestListener(request, response) : void response.end('app')
  const server = createServer(app).on('upgrade', sync.handleUpgrade)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await sync.close()
  })
  return { sync, server, port, origin: `http://127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/sync` }
}

const dial = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All that arrives until the server ends the connection. */
const readToEnd = async (socket: Socket): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const pushHead = async (length: number) =>
  [
    'POST /sync/shop/events HTTP/1.1',
    'host: localhost',
    `authorization: Bearer ${await signToken('shop')}`,
    `content-length: ${length}`,
    '',
    '',
  ].join('\r\n')

const endsWithin = async (sync: SyncListener) => {
  const from = performance.now()
  await sync.close()
  return performance.now() - from
}

describe('createSyncListener', () => {
  it('serves its calls beside an app, over HTTP and WebSockets', async () => {
    const { origin, url } = await mount()
    expect(await (await fetch(`${origin}/other`)).text()).toBe('app')
    const token = await signToken('shop')
    const live = connectLive(url, 'shop', token)
    await live.next()
    expect((await httpClient(url, 'shop', token).push(0, eventsAfter(0, 'a'))).status).toBe(200)
    expect(await live.next()).toMatchObject({ head: 1 })
    live.close()
  })

  it('closes the socket of a refused upgrade, although the client keeps its side open', async () => {
    const { port } = await mount()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    const closed = new Promise((resolve) => void socket.on('error', () => {}).once('close', resolve))
    socket.write('GET /sync/no!store/live HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 4\d\d /)
    // Only what is sent to a closed connection shows that it is closed.
    const sending = setInterval(() => socket.write('more'), 10)
    onTestFinished(() => clearInterval(sending))
    await closed
  })

  it('leaves the global Request and Response as they are', async () => {
    const before = [globalThis.Request, globalThis.Response, globalThis.fetch]
    await mount()
    expect([globalThis.Request, globalThis.Response, globalThis.fetch]).toEqual(before)
  })

  it.each(['//evil.example/sync/shop/head', 'http://evil.example/sync/shop/head', '*', '/sync/shop/head\x7f'])(
    'survives the request target %j',
    async (target) => {
      const { sync, port, url } = await mount()
      const socket = await dial(port)
      const server = createServer(sync.requestListener)
      await once(server.listen(0, '127.0.0.1'), 'listening')
      onTestFinished(() => void server.close())
      const direct = await dial((server.address() as AddressInfo).port)
      for (const own of [socket, direct]) own.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      expect(await readToEnd(direct)).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect((await httpClient(url, 'shop', await signToken('shop')).head()).status).toBe(200)
    },
  )

  it('responds unauthenticated to two tokens, although one is good', async () => {
    const { port } = await mount()
    const socket = await dial(port)
    const token = `authorization: Bearer ${await signToken('shop')}`
    socket.write(
      ['GET /sync/shop/head HTTP/1.1', 'host: localhost', 'connection: close', token, token, '', ''].join('\r\n'),
    )
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('ends a request whose body does not arrive, after 30 s, with request_timeout', async () => {
    const clock = testClock()
    const { port } = await mount({ clock })
    const socket = await dial(port)
    socket.write(`${await pushHead(100)}{"parent":`)
    const response = readToEnd(socket)
    await expect.poll(() => clock.timers).toBe(1)
    clock.advance(30_000)
    expect(await response).toMatch(/^HTTP\/1\.1 408 [^]*connection: close[^]*"request_timeout"/i)
  })

  it('sends too_large to a client that keeps sending', async () => {
    const { port } = await mount()
    const socket = await dial(port)
    socket.write(await pushHead(1e9))
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const timer = setInterval(() => socket.write(chunk), 1)
    const response = await readToEnd(socket)
    clearInterval(timer)
    expect(response).toMatch(/^HTTP\/1\.1 413 [^]*"too_large"/)
  })

  it('sends unauthenticated to a client that sends all of its body before it reads', async () => {
    const { port } = await mount()
    const socket = await dial(port)
    const length = 16 * 1024 * 1024
    socket.write(`POST /sync/shop/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n`)
    await new Promise((resolve) => void socket.write(Buffer.alloc(length, 'x'), resolve))
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('survives a client that resets its connection in the middle of an upgrade', async () => {
    const { port, url } = await mount({ authenticate: () => new Promise(() => {}) })
    const socket = await dial(port)
    const lines = ['GET /sync/shop/live HTTP/1.1', 'host: x', 'connection: Upgrade', 'upgrade: websocket']
    socket.write([...lines, 'sec-websocket-version: 13', 'sec-websocket-protocol: rockpool.v1', '', ''].join('\r\n'))
    socket.resetAndDestroy()
    expect((await fetch(`${url}/shop/head`)).status).toBe(401)
  })

  it('closes a WebSocket whose message is too large for a ping', async () => {
    const { url } = await mount()
    const live = connectLive(url, 'shop', await signToken('shop'))
    await live.next()
    live.socket.send('x'.repeat(2_000))
    expect(await live.closed).toBe(1009)
  })
})

describe('close', () => {
  it('ends WebSockets, streams and requests, also a WebSocket that does not reply to the Close frame', async () => {
    const { sync, server, port, url } = await mount()
    const token = await signToken('shop')
    const live = connectLive(url, 'shop', token)
    await live.next()
    const stream = await fetch(`${url}/shop/live`, { headers: { authorization: `Bearer ${token}` } })
    const streamEnded = stream.text()
    const pushing = await dial(port)
    pushing.write(`${await pushHead(100)}{"parent":`)
    const silent = connectLive(url, 'shop', token)
    await silent.next()
    ;(silent.socket as unknown as { readonly _socket: Socket })._socket.pause()

    expect(await endsWithin(sync)).toBeLessThan(5_000)
    expect(await live.closed).toBe(1001)
    await streamEnded
    await readToEnd(pushing)
    // The one that did not reply is disconnected, too.
    server.closeIdleConnections()
    const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
    await expect.poll(connections).toBe(0)
  })

  it('ends nothing of the app’s', async () => {
    const { sync, origin, url } = await mount()
    await sync.close()
    expect(await (await fetch(origin)).text()).toBe('app')
    expect((await fetch(`${url}/shop/head`)).status).toBe(503)
  })
})
