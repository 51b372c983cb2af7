import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { testClock } from '@rockpool/sync-server/testing'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { type Handlers, type HttpServer, listen } from './http-server.ts'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { currentRequest } from './request-scope.ts'

let server: HttpServer
/** calls of the signer that the test has not answered yet */
let calls: ServerResponse[]
let arrived: PromiseWithResolvers<void>
let lines: Record<string, unknown>[]

const LOCAL = {
  mode: 'local' as const,
  checkHealth: async () => ({ ok: true, mode: 'local' as const, integrity: 'checksum' as const, latencyMs: 1 }),
}

const handlers: Handlers = {
  signer: (_incoming, outgoing) => {
    calls.push(outgoing)
    arrived.resolve()
  },
  sync: (_incoming: IncomingMessage, outgoing) => void outgoing.writeHead(200).flushHeaders(),
  rest: (_incoming, outgoing) => void outgoing.end('rest'),
  upgrade: (_incoming, socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
  static: undefined,
  ready: async () => ({ ok: true, store: 'fine' }),
  metrics: createMetrics(LOCAL),
  isFair: true,
  log: createLog((line) => lines.push(JSON.parse(line))),
}

beforeEach(async () => {
  calls = []
  lines = []
  arrived = Promise.withResolvers()
  server = await listen('127.0.0.1', 0, { allowedOrigins: ['https://app.example'] })
})
afterEach(() => server.close())

const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init)
  return { status: response.status, body: await response.text(), retryAfter: response.headers.get('retry-after') }
}
/** However long it takes on a busy machine. */
const until = (isSo: () => boolean | Promise<boolean>) => vi.waitUntil(isSo, { timeout: 25_000 })
const upgrade = async (path: string): Promise<string> => {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`)
  return (await text(socket)).split('\r\n', 1)[0]!
}

test('until everything is open: alive, not ready, and calls may come again', async () => {
  expect(await get('/health')).toMatchObject({ status: 200, body: expect.stringContaining('"state":"starting"') })
  expect(await get('/ready')).toMatchObject({ status: 503 })
  expect(await get('/signer/download-url')).toMatchObject({ status: 503, retryAfter: '1' })
  expect(await upgrade('/sync/shop/live')).toBe('HTTP/1.1 503 Service Unavailable')
})

test('an app of an allowed origin reads why a call is refused at the start', async () => {
  const call = async (origin: string, init: RequestInit = {}) => {
    const headers = { origin, ...(init.headers as Record<string, string>) }
    const response = await fetch(`http://127.0.0.1:${server.port}/signer/upload-url`, { ...init, headers })
    await response.arrayBuffer()
    return [response.status, response.headers.get('access-control-allow-origin')]
  }
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } }
  expect(await call('https://app.example', preflight)).toEqual([204, 'https://app.example'])
  expect(await call('https://app.example')).toEqual([503, 'https://app.example'])
  expect(await call('https://other.example')).toEqual([503, null])
})

test('routes each request to its part', async () => {
  server.start(handlers)
  expect(await get('/health')).toMatchObject({ status: 200, body: expect.stringContaining('"state":"running"') })
  expect(await get('/ready')).toMatchObject({ status: 200, body: '{"ok":true,"state":"running","store":"fine"}' })
  expect(await get('/nowhere')).toMatchObject({ status: 404 })
  expect(await get('/%E0%A4%A')).toMatchObject({ status: 400 })
  expect(await upgrade('/sync/shop/live')).toBe('HTTP/1.1 101 Switching Protocols')
  expect(await upgrade('/signer/live')).toBe('HTTP/1.1 503 Service Unavailable')
})

test('a stop waits for the call under way, refuses new ones, and says that it drains', async () => {
  server.start(handlers)
  const call = get('/signer/upload-url')
  await arrived.promise
  const order: string[] = []
  const draining = server.drain().then(() => order.push('drained'))
  expect(await get('/signer/upload-url')).toMatchObject({ status: 503, retryAfter: '1' })
  expect(await get('/ready')).toMatchObject({ status: 503, body: '{"ok":false,"state":"draining"}' })
  expect(await get('/health')).toMatchObject({ status: 200, body: expect.stringContaining('"state":"draining"') })
  expect(await upgrade('/sync/shop/live')).toBe('HTTP/1.1 503 Service Unavailable')
  order.push('answered')
  calls[0]!.end('done')
  expect(await call).toMatchObject({ status: 200, body: 'done' })
  await draining
  expect(order).toEqual(['answered', 'drained'])
})

test('a client that left is not waited for, nor is a stream of news', async () => {
  server.start(handlers)
  const leaving = new AbortController()
  const call = get('/signer/upload-url', { signal: leaving.signal }).catch(() => 'left')
  const news = await fetch(`http://127.0.0.1:${server.port}/sync/shop/live?since=0`)
  await arrived.promise
  const draining = server.drain()
  leaving.abort()
  expect(await call).toBe('left')
  await draining
  await server.close()
  await expect(news.text()).rejects.toThrow()
})

test('a stream of news may be silent longer than other connections', async () => {
  const timeout = Promise.withResolvers<number | undefined>()
  const sync: Handlers['sync'] = (incoming, outgoing) => {
    timeout.resolve(incoming.socket.timeout)
    outgoing.end()
  }
  server.start({ ...handlers, sync })
  await get('/sync/shop/live?since=0')
  expect(await timeout.promise).toBe(0)
})

test('a POST of the REST API may be silent once its body is whole', async () => {
  const timeouts: (number | undefined)[] = []
  const rest: Handlers['rest'] = (incoming, outgoing) => {
    timeouts.push(incoming.socket.timeout)
    incoming.resume().once('end', () => {
      timeouts.push(incoming.socket.timeout)
      outgoing.end()
    })
  }
  server.start({ ...handlers, rest })
  await get('/storage/v1/object/files/a', { method: 'POST', body: 'a' })
  expect(timeouts).toEqual([60_000, 0])
})

test('a check of readiness that fails cuts the connection, and not the server', async () => {
  server.start({ ...handlers, ready: () => Promise.reject(new Error('The disk is gone.')) })
  await expect(get('/ready')).rejects.toThrow()
  expect(await get('/health')).toMatchObject({ status: 200 })
})

test('closes a connection whose upgrade is refused, although the client keeps its side open', async () => {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise((resolve) => void socket.on('error', () => {}).once('close', resolve))
  socket.write('GET /signer/live HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
  await text(socket)
  // Only what is sent to a closed connection shows that it is closed.
  const sending = setInterval(() => socket.write('more'), 10)
  await closed
  clearInterval(sending)
})

test('a port that is in use is one line', async () => {
  await expect(listen('127.0.0.1', server.port)).rejects.toThrow(/^Port \d+ on 127\.0\.0\.1 is in use\. Set [^\n]+\.$/)
  await expect(listen('not.a.host.invalid', 0)).rejects.toThrow(/^The server cannot listen on [^\n]+\.$/)
})

test('counts calls by part, method and status, and those that clients cut', async () => {
  server.start({ ...handlers, metrics: createMetrics(LOCAL) })
  await get('/nowhere')
  await get('/nowhere', { method: 'PURGE' })
  const cut = new AbortController()
  const call = get('/signer/upload-url', { signal: cut.signal })
  await arrived.promise
  const gone = once(calls[0]!, 'close')
  const during = await get('/metrics')
  cut.abort()
  await expect(call).rejects.toThrow()
  await gone
  const { status, body } = await get('/metrics')
  expect(status).toBe(200)
  const count = (labels: string) =>
    new RegExp(`^rockpool_http_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(body)?.[1]
  expect(count('part="static",method="GET",status="404"')).toBe('1')
  expect(count('part="static",method="other",status="404"')).toBe('1')
  expect(count('part="signer",method="GET",status="499"')).toBe('1')
  expect(during.body).toContain('rockpool_http_requests_in_flight{part="signer"} 1')
  expect(body).toContain('rockpool_http_requests_in_flight{part="signer"} 0')
  expect(body).toMatch(/^rockpool_version\{version="\d+\.\d+\.\d+"\} 1$/m)
})

test('the response, the line of the request and what its handlers log share one id', async () => {
  const rest: Handlers['rest'] = (_incoming, outgoing) => {
    void Promise.resolve().then(() => {
      handlers.log.warn('storage', {})
      currentRequest()!.found.sub = 'ada'
      outgoing.writeHead(503, { 'content-type': 'text/plain' }).end()
    })
  }
  server.start({ ...handlers, rest })
  const url = `http://127.0.0.1:${server.port}/storage/v1/object/files/secret.txt`
  const response = await fetch(url, { headers: { 'x-request-id': 'proxy-42' } })
  expect(response.headers.get('x-request-id')).toBe('proxy-42')
  await until(() => lines.length === 2)
  const request = { level: 'error', kind: 'request', part: 'rest', method: 'GET', status: 503, sub: 'ada' }
  expect(lines).toMatchObject([
    { level: 'warn', kind: 'storage', requestId: 'proxy-42' },
    { ...request, requestId: 'proxy-42', route: '/storage/v1/object/*' },
  ])
  expect(JSON.stringify(lines)).not.toContain('secret')
  const other = await fetch(url, { headers: { 'x-request-id': 'two words' } })
  expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})

test('a WebSocket has a line when it closes, a scrape has none', async () => {
  server.start(handlers)
  await upgrade('/sync/shop/live')
  await get('/metrics')
  await get('/nowhere')
  await until(() => lines.length === 2)
  expect(lines).toMatchObject([
    {
      kind: 'request',
      part: 'sync',
      method: 'GET',
      upgrade: 'websocket',
      route: '/sync/:storeId/live',
      storeId: 'shop',
    },
    { kind: 'request', part: 'static', status: 404, route: '/*' },
  ])
})

test('counts bytes of requests and responses, and the lag of sync', async () => {
  const rest: Handlers['rest'] = (incoming, outgoing) => void incoming.resume().once('end', () => outgoing.end('rest'))
  const metrics = createMetrics(LOCAL)
  server.start({ ...handlers, rest, metrics })
  await get('/storage/v1/object/files/a', { method: 'POST', body: 'a'.repeat(10_000) })
  metrics.delivered(30)
  const { body } = await get('/metrics')
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)?.[1])
  const received = value('rockpool_http_request_bytes_total\\{part="rest"\\}')
  expect(received).toBeGreaterThan(10_000)
  expect(received).toBeLessThan(11_000)
  expect(value('rockpool_http_response_bytes_total\\{part="rest"\\}')).toBeGreaterThan(100)
  expect(body).toContain('rockpool_sync_lag_seconds_bucket{le="0.02"} 0')
  expect(body).toContain('rockpool_sync_lag_seconds_bucket{le="0.1"} 1')
})

test('asks the object store once in some seconds how it is', async () => {
  let asked = 0
  const health = { ok: true, full: true, mode: 'hybrid', integrity: 'checksum', latencyMs: 1, degraded: true } as const
  const checkHealth = async () => ({ ...health, pending: ++asked })
  server.start({ ...handlers, metrics: createMetrics({ mode: 'hybrid', checkHealth }) })
  for (const _ of [1, 2]) {
    const { body } = await get('/metrics')
    expect(body.match(/^rockpool_(?:storage|replication)_\w+ \S+$/gm)).toEqual([
      'rockpool_storage_ok 1',
      'rockpool_storage_full 1',
      'rockpool_replication_pending 1',
      'rockpool_replication_failing 1',
    ])
  }
})

test('an object store that cannot be asked is not ok, and the other metrics are there', async () => {
  const checkHealth = () => Promise.reject(new Error('The disk is gone.'))
  server.start({ ...handlers, metrics: createMetrics({ mode: 'local', checkHealth }) })
  const { body } = await get('/metrics')
  expect(body).toContain('rockpool_storage_ok 0')
  expect(body).toContain('rockpool_version')
})

test('starts the call of another user while one floods, and only some of the flood', async () => {
  const started: string[] = []
  const waiting: ServerResponse[] = []
  const changed = () => until(() => started.length > 0)
  const signer: Handlers['signer'] = (incoming, outgoing) => {
    started.push(incoming.headers.authorization!)
    waiting.push(outgoing)
  }
  server.start({ ...handlers, signer })
  const call = (authorization: string) => get('/signer/download-url', { headers: { authorization } })
  const flood = Array.from({ length: 50 }, () => call('Bearer flood'))
  await changed()
  await until(async () => (await inFlightOf('signer')) === 50)
  const other = call('Bearer ada')
  await until(() => started.includes('Bearer ada'))
  expect(started).toEqual([...Array.from({ length: 6 }, () => 'Bearer flood'), 'Bearer ada'])
  expect((await get('/metrics')).body).toContain('rockpool_http_calls_waiting 44')
  waiting.at(-1)!.end('done')
  expect(await other).toMatchObject({ status: 200, body: 'done' })
  while (waiting.length < 51) {
    for (const outgoing of waiting) outgoing.end('done')
    const before = waiting.length
    await until(() => waiting.length > before)
  }
  for (const outgoing of waiting) outgoing.end('done')
  expect((await Promise.all(flood)).map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
})

const inFlightOf = async (part: string): Promise<number> =>
  Number(new RegExp(`in_flight\\{part="${part}"\\} (\\d+)`).exec((await get('/metrics')).body)?.[1])

test('a caller who was refused keeps its slot for a second, whatever it sends', async () => {
  const clock = testClock()
  const timed = await listen('127.0.0.1', 0, { clock })
  onTestFinished(() => timed.close())
  let started = 0
  const signer: Handlers['signer'] = (_incoming, outgoing) => {
    started++
    outgoing.writeHead(429).end()
  }
  timed.start({ ...handlers, signer })
  const call = async (authorization: string) => {
    const response = await fetch(`http://127.0.0.1:${timed.port}/signer/download-url`, { headers: { authorization } })
    await response.arrayBuffer()
  }
  const flood = Array.from({ length: 12 }, () => call('Bearer flood'))
  await until(() => lines.length === 6)
  await call('Bearer ada')
  expect(started).toBe(7)
  await until(() => lines.length === 7)
  clock.advance(1_000)
  await Promise.all(flood)
  expect(started).toBe(13)
})

test('cuts a body that drips in, and not one that moves, however long it takes', async () => {
  const clock = testClock()
  const timed = await listen('127.0.0.1', 0, { clock })
  onTestFinished(() => timed.close())
  const received: IncomingMessage[] = []
  const rest: Handlers['rest'] = (incoming, outgoing) => {
    received.push(incoming.resume())
    incoming.once('end', () => outgoing.end('done'))
  }
  timed.start({ ...handlers, rest })
  const send = async (bytes: number) => {
    const socket = connect(timed.port, '127.0.0.1')
    socket.on('error', () => {})
    const count = received.length
    socket.write('POST /storage/v1/object/files/a HTTP/1.1\r\nhost: a\r\ncontent-length: 20000000\r\n\r\n')
    socket.write(Buffer.alloc(bytes))
    await until(() => (received[count]?.socket.bytesRead ?? 0) > bytes)
    return socket
  }
  const slow = await send(1_000_000)
  const slowClosed = once(slow, 'close')
  const steady = await send(10_000_000)
  clock.advance(15 * 60_000)
  await slowClosed
  expect(received[1]!.destroyed).toBe(false)
  const response = text(steady)
  steady.end(Buffer.alloc(10_000_000))
  expect(await response).toContain('done')
})
