/**
 * The network between one device and the server: a proxy that understands HTTP and WebSockets, with the faults of real
 * networks. The device opens the gallery at the proxy's origin.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { CLOSE_FRAME, closeCode, type Frame, frameReader, isData } from './network-frames.ts'

export interface TokenRequest {
  readonly user: string
  readonly storeId: string
  /** `worker`: LiveStore's, which syncs; `page`: the pool's, for the signer */
  readonly from: 'page' | 'worker'
}

export interface Network extends AsyncDisposable {
  /** of the gallery, through this network */
  readonly url: string
  /** what happens to requests for a WebSocket; `cut`: the connection ends without a response; `hang`: no response comes */
  upgrades: 'pass' | 'refuse' | 'cut' | 'hang'
  /** Delays in ms of the copies in which a message of the server reaches the device. None: the message is lost. */
  deliver: () => readonly number[]
  /** false: neither side learns that the other one has closed a WebSocket or its connection */
  passesClose: boolean
  /**
   * Who answers PUTs of file bytes: the object store (`pass`), or something in between that takes the bytes and keeps none of
   * them. `signIn`: a redirect (302) to a page; `seeOther`: the same by 303; `filter`: a page of its own.
   */
  uploads: 'pass' | 'signIn' | 'seeOther' | 'filter'
  /** Issues tokens in place of the server. */
  token: ((request: TokenRequest) => string) | undefined
  /** how far the device's clock is ahead of the true time, ms. Applies to scripts that load afterwards, workers included. */
  clockOffsetMs: number

  /** how often the device asked for a WebSocket */
  readonly upgradeRequests: number
  /** WebSockets that are open on the device's side */
  readonly openSockets: number
  /** codes of the Close frames that the server sent */
  readonly serverCloses: readonly number[]
  /** PUTs of file bytes that something in between answered */
  readonly uploadsTaken: number
  /** tokens that were asked for, by whom */
  readonly tokenRequests: readonly TokenRequest['from'][]
  /** what happened, for the message of a failure */
  readonly log: readonly string[]
}

/** @param serverUrl of the gallery, direct */
export const startNetwork = async (serverUrl: string): Promise<Network> => {
  const { hostname, port } = new URL(serverUrl)
  const start = performance.now()
  const log: string[] = []
  const note = (what: string) => log.push(`${Math.round(performance.now() - start)} ms: ${what}`)
  const connections = new Set<Duplex>()
  const keep = (connection: Duplex) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.once('close', () => connections.delete(connection))
  }
  const serverCloses: number[] = []
  const tokenRequests: TokenRequest['from'][] = []
  let upgradeRequests = 0
  let uploadsTaken = 0
  let openSockets = 0
  /** Node's default agent reuses connections that the server may be about to close. */
  const agent = new Agent({ keepAlive: false })

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const isScript = network.clockOffsetMs !== 0 && /\.js(?:\?|$)/.test(incoming.url!)
    const headers = { ...incoming.headers, connection: 'close' }
    if (isScript) {
      delete headers['accept-encoding']
      delete headers['if-none-match']
    }
    const forwarded = request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.once('close', () => forwarded.destroy())
    forwarded.on('response', (response) => {
      response.on('error', () => outgoing.destroy())
      response.once('aborted', () => outgoing.destroy())
      const { connection: _, ...responseHeaders } = response.headers
      if (!isScript) {
        outgoing.writeHead(response.statusCode!, responseHeaders)
        response.pipe(outgoing)
        return
      }
      const chunks: Buffer[] = [Buffer.from(shiftClock(network.clockOffsetMs))]
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const body = Buffer.concat(chunks)
        outgoing.writeHead(response.statusCode!, { ...responseHeaders, 'content-length': body.length })
        outgoing.end(body)
      })
    })
    incoming.pipe(forwarded)
  }

  const proxy = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {})
    const { pathname, searchParams } = new URL(incoming.url!, 'http://device')
    if (pathname.startsWith('/sync/')) {
      outgoing.once('close', () => note(`${incoming.method} ${incoming.url} ${outgoing.statusCode}`))
    }
    if (network.uploads !== 'pass' && incoming.method === 'PUT' && pathname.includes('/objects/')) {
      uploadsTaken++
      note(`an upload met ${network.uploads}`)
      incoming.resume()
      const status = { signIn: 302, seeOther: 303, filter: 200 }[network.uploads]
      outgoing.writeHead(status, status === 200 ? { 'content-type': 'text/html' } : { location: SIGN_IN_PAGE })
      outgoing.end('Blocked by policy')
      return
    }
    if (pathname === SIGN_IN_PAGE) {
      incoming.resume()
      outgoing.writeHead(200, { 'content-type': 'text/html' })
      outgoing.end('Sign in')
      return
    }
    if (pathname !== '/rockpool-dev/token') return forward(incoming, outgoing)
    const from = incoming.headers.referer?.includes('livestore.worker') ? 'worker' : 'page'
    tokenRequests.push(from)
    note(`token for the ${from}`)
    if (network.token === undefined) return forward(incoming, outgoing)
    const token = network.token({ user: searchParams.get('user')!, storeId: searchParams.get('store')!, from })
    outgoing.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    outgoing.end(JSON.stringify({ token }))
  })
  proxy.on('connection', keep)

  proxy.on('upgrade', (incoming: IncomingMessage, device: Duplex, head: Buffer) => {
    const name = `socket ${++upgradeRequests}`
    note(`${name} requested`)
    if (network.upgrades === 'cut') return device.destroy()
    if (network.upgrades === 'hang') return
    if (network.upgrades === 'refuse') {
      return device.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    }
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    keep(server)
    let isOpen = false
    const ended = () => {
      if (isOpen) openSockets--
      isOpen = false
    }
    device.once('close', ended)
    for (const [side, other, who] of [
      [device, server, 'device'],
      [server, device, 'server'],
    ] as const) {
      side.on('end', () => {
        note(`${name}: the ${who} ends the connection`)
        if (network.passesClose) other.end()
      })
      side.on('close', () => network.passesClose && other.destroy())
    }

    const requestHead = [`GET ${incoming.url} HTTP/1.1`]
    const { rawHeaders } = incoming
    for (let index = 0; index < rawHeaders.length; index += 2) {
      requestHead.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`)
    }
    server.write(`${requestHead.join('\r\n')}\r\n\r\n`)

    const passes = (frame: Frame, from: 'device' | 'server') => {
      if (frame.opcode !== CLOSE_FRAME) return true
      note(`${name}: the ${from} closes with ${closeCode(frame)}`)
      if (from === 'server') serverCloses.push(closeCode(frame))
      return network.passesClose
    }
    const fromDevice = frameReader()
    const toServer = (chunk: Uint8Array) => {
      for (const frame of fromDevice(chunk)) if (passes(frame, 'device')) server.write(frame.bytes)
    }
    if (head.length > 0) toServer(head)
    device.on('data', toServer)

    const fromServer = frameReader()
    const toDevice = (chunk: Uint8Array) => {
      for (const frame of fromServer(chunk)) {
        if (!passes(frame, 'server')) continue
        if (!isData(frame)) {
          device.write(frame.bytes)
          continue
        }
        const delays = network.deliver()
        note(`${name}: message ${frame.payload.toString().slice(0, 90)}, copies: ${delays.join(', ') || 'none'}`)
        for (const delay of delays) {
          if (delay === 0) device.write(frame.bytes)
          else setTimeout(() => device.writable && device.write(frame.bytes), delay)
        }
      }
    }
    let response = Buffer.alloc(0)
    const readResponse = (chunk: Buffer) => {
      response = Buffer.concat([response, chunk])
      const end = response.indexOf('\r\n\r\n')
      if (end === -1) return
      server.off('data', readResponse)
      device.write(response.subarray(0, end + 4))
      isOpen = response.toString('latin1', 0, end).startsWith('HTTP/1.1 101')
      if (!isOpen) {
        device.write(response.subarray(end + 4))
        server.pipe(device)
        return
      }
      openSockets++
      note(`${name} open`)
      server.on('data', toDevice)
      toDevice(response.subarray(end + 4))
    }
    server.on('data', readResponse)
  })

  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')

  const network: Network = {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`,
    upgrades: 'pass',
    deliver: () => [0],
    passesClose: true,
    uploads: 'pass',
    token: undefined,
    clockOffsetMs: 0,
    get upgradeRequests() {
      return upgradeRequests
    },
    get openSockets() {
      return openSockets
    },
    get uploadsTaken() {
      return uploadsTaken
    },
    serverCloses,
    tokenRequests,
    log,
    [Symbol.asyncDispose]: async () => {
      const closed = once(proxy, 'close')
      proxy.close()
      for (const connection of connections) connection.destroy()
      await closed
    },
  }
  return network
}

const SIGN_IN_PAGE = '/sign-in'

/** A script before each script of the app: `Date` is ahead. */
const shiftClock = (offsetMs: number): string => `
if (!globalThis.isClockShifted) {
  globalThis.isClockShifted = true
  globalThis.Date = new Proxy(Date, {
    get: (True, key) => (key === 'now' ? () => True.now() + ${offsetMs} : Reflect.get(True, key)),
    construct: (True, args, target) => Reflect.construct(True, args.length > 0 ? args : [True.now() + ${offsetMs}], target),
    apply: (True) => String(new True(True.now() + ${offsetMs})),
  })
}
`
