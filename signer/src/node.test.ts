import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalStore } from '@rockpool/object-store/local'
import { describe, expect, test } from 'vitest'
import { nodeListener, serve } from './node.ts'
import { contentOf, startOn, startSigner, token, URL_SECRET } from './testing/harness.ts'

test('stopping: what is under way ends, what comes now is told to try again, then nobody listens', async () => {
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const server = await serve(
    {
      fetch: async (request) => {
        if (request.url.endsWith('/slow')) {
          begun.resolve()
          await go.promise
        }
        return new Response('done')
      },
    },
    { port: 0 },
  )
  const url = `http://127.0.0.1:${server.port}`
  const slow = fetch(`${url}/slow`)
  await begun.promise
  const stopped = server.stop()
  const late = await fetch(`${url}/late`)
  expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await late.json()).toMatchObject({ error: { code: 'storage_unavailable' } })
  go.resolve()
  expect(await (await slow).text()).toBe('done')
  await stopped
  await expect(fetch(url)).rejects.toThrow()
})

test('stopping ends in time even when a request does not', async () => {
  const begun = Promise.withResolvers<void>()
  const server = await serve(
    {
      fetch: () => {
        begun.resolve()
        return new Promise<Response>(() => {})
      },
    },
    { port: 0 },
  )
  const hanging = fetch(`http://127.0.0.1:${server.port}`)
  await begun.promise
  await server.stop(20)
  await expect(hanging).rejects.toThrow()
})

test('a taken port is an error at once', async () => {
  const server = await serve({ fetch: async () => new Response() }, { port: 0 })
  await expect(serve({ fetch: async () => new Response() }, { port: server.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await server.stop()
})

test('headers that trickle hold no connection for long', async () => {
  const server = await serve({ fetch: async () => new Response() }, { port: 0 }, { headersMs: 50 })
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 408/)
  socket.destroy()
  await server.stop()
})

describe('a body that trickles', () => {
  /** What the server says to a request whose body never ends, until it closes the connection. */
  const trickle = async (port: number, path: string, headers: Record<string, string>, every?: number) => {
    const socket = connect(port, '127.0.0.1')
    const method = path.startsWith('/objects/') ? 'PUT' : 'POST'
    const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n{`)
    const timer = every === undefined ? undefined : setInterval(() => socket.write(' '), every)
    let answer = ''
    socket.on('data', (chunk) => (answer += String(chunk)))
    // The server may have closed when the next byte comes.
    socket.on('error', () => {})
    await new Promise((closed) => socket.once('close', closed))
    clearInterval(timer)
    return answer.split('\r\n')[0]
  }

  test.each([
    ['byte by byte', { headersMs: 50, requestMs: 200 }, 5, 'HTTP/1.1 408 Request Timeout'],
    ['not at all', { idleMs: 100 }, undefined, ''],
  ])('%s is ended in time, and nothing of it is stored', async (_, limits, every, status) => {
    const directory = await mkdtemp(join(tmpdir(), 'rockpool-signer-'))
    const store = await openLocalStore({ directory, publicBaseUrl: '', secret: URL_SECRET })
    const inner = await startOn(store)
    const server = await serve(inner, { port: 0 }, limits)
    const content = await contentOf(5_000)
    const key = `reef/files/${content.address}`
    const { json: signed } = await inner.call('POST', '/upload-url', { key, size: 5_000, type: 'image/png' })
    const { pathname, search } = new URL(signed.url)
    const headers = { authorization: `Bearer ${await token({ reef: ['read', 'write'] })}`, 'content-length': '5000' }
    const before = await readdir(directory, { recursive: true })
    inner.lines.length = 0

    const ended = await Promise.all([
      trickle(server.port, pathname + search, { ...signed.headers, ...headers }, every),
      trickle(server.port, `/objects/${key}`, headers, every),
      trickle(server.port, '/upload-url', headers, every),
      trickle(server.port, '/multipart', headers, every),
    ])
    expect(ended).toEqual([status, status, status, status])
    // A line is written when the call has ended, though nobody hears its answer.
    await expect.poll(() => inner.lines).toHaveLength(4)
    expect(inner.lines.every((line) => line.status >= 400)).toBe(true)
    expect((await store.list('')).objects).toEqual([])
    expect(await readdir(directory, { recursive: true })).toEqual(before)
    await server.stop()
    await inner.stop()
    await store.close()
    await rm(directory, { recursive: true })
  })
})

test('mounted in another server under a path, its URLs are on the address and path that the request arrived at', async () => {
  const inner = await startSigner({}, (store) => ({
    ...store,
    signGet: async (request) => {
      const signed = await store.signGet(request)
      return { ...signed, url: `/signer${signed.url}` }
    },
  }))
  const listener = nodeListener({ fetch: (request, source) => inner.fetch(request, source) })
  const outer = createServer((incoming, outgoing) => {
    incoming.url = incoming.url!.replace(/^\/signer/, '')
    void listener(incoming, outgoing)
  }).listen(0, '127.0.0.1')
  await once(outer, 'listening')
  const origin = `http://127.0.0.1:${(outer.address() as AddressInfo).port}`
  const response = await fetch(`${origin}/signer/download-url?key=reef/files/${'a'.repeat(64)}`, {
    headers: { authorization: `Bearer ${await token({ reef: ['read'] })}` },
  })
  const { url } = (await response.json()) as { url: string }
  expect(url).toMatch(new RegExp(`^${origin}/signer/objects/reef/`))
  expect((await fetch(url)).status).toBe(404)
  outer.close()
  await inner.stop()
})
