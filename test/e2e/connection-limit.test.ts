/** The limit of browsers that the engine's connection budget rests on: 6 requests to one host at the same time over HTTP/1.1. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BROWSERS, createDevice } from './device.ts'

/** A server that answers `/request` never, and counts those under way; `/stream` and WebSockets stay open. */
const countingServer = async () => {
  let open = 0
  const sockets = new Set<Duplex>()
  const server = createServer(({ url, socket }, response) => {
    if (url === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html>')
    if (url === '/stream') {
      return response.setHeader('content-type', 'text/event-stream').write('data: open\n\n')
    }
    if (!url!.startsWith('/request')) return response.writeHead(404).end()
    open++
    return socket.once('close', () => open--)
  })
  server.on('upgrade', ({ headers }, socket) => {
    sockets.add(socket)
    // RFC 6455, section 4.2.2
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
        `sec-websocket-accept: ${accept.digest('base64')}\r\n\r\n`,
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy()
    await new Promise((closed) => server.close(closed))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests: () => open }
}

describe.each(BROWSERS)('requests to one host in %s', (browser) => {
  test.each([
    ['nothing else', 6],
    ['a WebSocket', 6],
    ['an event stream', 5],
  ])('beside %s: %i at the same time', async (held, expected) => {
    const server = await countingServer()
    await using device = await createDevice(browser, server.url)
    const page = await device.blank()
    await page.goto(server.url)
    const isOver = await page.evaluate(async (held) => {
      if (held === 'a WebSocket') {
        const socket = new WebSocket(location.href.replace('http', 'ws'))
        await new Promise((opened) => socket.addEventListener('open', opened))
      }
      if (held === 'an event stream') {
        const stream = new EventSource('/stream')
        await new Promise((opened) => stream.addEventListener('message', opened))
      }
      const isOver = Promise.race(Array.from({ length: 8 }, (_, i) => fetch(`/request/${i}`))).then(() => true)
      return Promise.race([isOver, new Promise((waited) => setTimeout(() => waited(false), 0))])
    }, held)
    expect(isOver).toBe(false)
    await expect.poll(server.requests, { timeout: 60_000 }).toBe(expected)
    // The browser has opened as many connections as it ever will once it answers another script.
    await page.evaluate(() => new Promise((rendered) => setTimeout(rendered, 500)))
    expect(server.requests()).toBe(expected)
  })
})
