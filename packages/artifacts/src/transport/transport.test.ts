import { createHash } from 'node:crypto'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { concat } from '../chunks.ts'
import { systemTransport as fetchTransport } from './fetch-transport.ts'
import { systemTransport as nodeTransport } from './node-transport.ts'
import type { HttpRequest, Transport } from './transport.ts'

const listen = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const request = (url: string, options: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  method: 'GET',
  headers: new Headers(),
  body: undefined,
  signal: new AbortController().signal,
  maxLength: 1_000_000,
  hash: false,
  ...options,
})

/** Resolves when the connection of the response is closed. */
const closed = (outgoing: ServerResponse) => new Promise<void>((resolve) => outgoing.once('close', resolve))

describe.for([
  ['fetch', fetchTransport],
  ['node:http', nodeTransport],
] as const)('%s', ([, send]: readonly [string, Transport]) => {
  test('sends method, headers and body, and returns status, headers and body', async () => {
    const url = await listen((incoming, outgoing) => {
      void text(incoming).then((body) => {
        outgoing.writeHead(201, { etag: '"e"', 'x-length': incoming.headers['content-length'] })
        outgoing.end(`${incoming.method} ${incoming.headers['x-a']} ${body}`)
      })
    })
    const body = new TextEncoder().encode('bytes')
    const response = await send(request(url, { method: 'PUT', headers: new Headers({ 'x-a': 'b' }), body }))
    expect(response).toMatchObject({ status: 201, sha256: new Uint8Array() })
    expect([response.headers.get('etag'), response.headers.get('x-length')]).toEqual(['"e"', '5'])
    expect(new TextDecoder().decode(concat(response.chunks))).toBe('PUT b bytes')
  })

  test.for([0, 1, 300_000])('hashes a body of %i bytes', async (size) => {
    const bytes = Buffer.alloc(size, 'abc')
    const url = await listen((_, outgoing) => outgoing.end(bytes))
    const { chunks, sha256 } = await send(request(url, { hash: true }))
    expect(Buffer.compare(concat(chunks), bytes)).toBe(0)
    expect(Buffer.from(sha256).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('a response to HEAD has no body, whatever its Content-Length is', async () => {
    const url = await listen((_, outgoing) => outgoing.writeHead(200, { 'content-length': '5000000' }).end())
    const { headers, chunks } = await send(request(url, { method: 'HEAD' }))
    expect([headers.get('content-length'), chunks.length]).toEqual(['5000000', 0])
  })

  test('follows no redirect', async () => {
    const url = await listen((_, outgoing) => outgoing.writeHead(307, { location: '/elsewhere' }).end())
    expect((await send(request(url))).status).toBe(307)
  })

  test.for([
    ['announced', { 'content-length': '2000000' }],
    ['not announced', {}],
  ] as const)('rejects a body over the limit whose length is %s, and closes the connection', async ([, headers]) => {
    const ended = Promise.withResolvers<void>()
    const url = await listen((_, outgoing) => {
      void closed(outgoing).then(ended.resolve)
      outgoing.writeHead(200, headers)
      // Never ended: a reader without a limit would wait for the rest.
      outgoing.write(Buffer.alloc(1_000_001))
    })
    await expect(send(request(url))).rejects.toThrow('at most 1000000 were expected')
    await ended.promise
  })

  test.for([{ 'content-length': '10' }, {}])('rejects a body that is cut, with the headers %j', async (headers) => {
    const url = await listen((_, outgoing) => {
      outgoing.writeHead(200, headers)
      outgoing.write('cut', () => outgoing.destroy())
    })
    await expect(send(request(url))).rejects.toThrow()
  })

  test('rejects when nothing listens', async () => {
    await expect(send(request('http://127.0.0.1:1/'))).rejects.toThrow()
  })

  test.for(['before the response', 'within its body'])('the signal ends a request %s', async (moment) => {
    const [reached, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const url = await listen((_, outgoing) => {
      void closed(outgoing).then(ended.resolve)
      if (moment === 'within its body') outgoing.writeHead(200).write('first')
      reached.resolve()
    })
    const controller = new AbortController()
    const sending = send(request(url, { signal: controller.signal }))
    await reached.promise
    controller.abort()
    await expect(sending).rejects.toThrow()
    await ended.promise
  })
})
