import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { nodeListener, serve } from './node.ts'
import { startSigner, token } from './testing/harness.ts'

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

test('mounted in another server under a path, its URLs are on the origin and path of the request', async () => {
  const inner = await startSigner({}, (store) => ({
    ...store,
    signGet: async (request) => {
      const signed = await store.signGet(request)
      return { ...signed, url: `/signer${signed.url}` }
    },
  }))
  const listener = nodeListener({ fetch: (request) => inner.fetch(request) })
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
