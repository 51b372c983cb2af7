/**
 * The network between one device and the servers: a proxy with two origins, the app's and the object store's, that cuts, stalls,
 * delays and alters what passes, by the weather and a seed. The app's own files always come, as from a service worker's cache.
 */
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type Duplex, Transform } from 'node:stream'
import type { Random } from '@rockpool/core/simulation'
import { CALM, type Fault, faultFor, type RequestKind, type Weather } from './weather.ts'

export interface Proxy extends AsyncDisposable {
  /** of the app */
  readonly url: string
  /** of the object store */
  readonly storageUrl: string
  /** Changing it ends the connections that are open. */
  weather: Weather
  /** how often each fault met a request of each kind */
  readonly counts: ReadonlyMap<string, number>
  /** bytes of bodies that were sent to the object store */
  readonly uploadedBytes: number
  /** Resolves with the point when a page stops itself (`app/src/interrupts.ts`) the next time. */
  nextStop(): Promise<string>
}

export interface Upstream {
  /** of the servers, on 127.0.0.1 */
  readonly port: number
  /** origin of the object store */
  readonly storage: string
}

const STOPPED_PATH = '/faults/stopped'

export const startProxy = async (upstream: Upstream, random: Random): Promise<Proxy> => {
  const connections = new Set<Duplex>()
  /** Connections that the network can end. */
  const exposed = new Set<Duplex>()
  const counts = new Map<string, number>()
  // Node's default agent reuses connections that a killed server has closed.
  const agent = new Agent({ keepAlive: false })
  const storage = new URL(upstream.storage)
  let weather = CALM
  let uploadedBytes = 0
  let onStop: ((point: string) => void) | undefined

  const keep = (connection: Duplex) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.once('close', () => connections.delete(connection))
  }
  const expose = (connection: Duplex, until: NodeJS.EventEmitter) => {
    exposed.add(connection)
    until.once('close', () => exposed.delete(connection))
  }
  const cut = () => {
    for (const connection of exposed) connection.destroy()
  }
  const roll = (kind: RequestKind): Fault | undefined => {
    const fault = faultFor(weather, kind, random.next())
    if (fault) counts.set(`${fault} ${kind}`, (counts.get(`${fault} ${kind}`) ?? 0) + 1)
    return fault
  }

  /** Files of the app, which a device has after the first time. */
  const appFiles = new Map<string, Promise<Response>>()
  const respondWithApp = async (path: string, outgoing: ServerResponse) => {
    const file = appFiles.get(path) ?? fetch(new URL(path, `http://127.0.0.1:${upstream.port}`))
    appFiles.set(path, file)
    try {
      const response = (await file).clone()
      outgoing.writeHead(response.status, { 'content-type': response.headers.get('content-type') ?? '' })
      outgoing.end(Buffer.from(await response.arrayBuffer()))
    } catch {
      appFiles.delete(path)
      outgoing.destroy()
    }
  }

  const respond = (kind: RequestKind, incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (weather.isDown) return incoming.socket.destroy()
    expose(incoming.socket, outgoing)
    const fault = roll(kind)
    const at = random.next()
    switch (fault) {
      case 'unavailable':
        return respondInPlace(incoming, outgoing, 503, { 'retry-after': '1' })
      case 'falseSuccess':
        return respondInPlace(incoming, outgoing, 200, { 'content-type': 'text/html' })
      case 'delay':
        return void setTimeout(
          () => {
            // The device may have left.
            if (!incoming.socket.destroyed) forward(kind, incoming, outgoing, undefined, at)
          },
          200 + at * 3_000,
        )
      default:
        return forward(kind, incoming, outgoing, fault, at)
    }
  }

  const forward = (
    kind: RequestKind,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    fault: Fault | undefined,
    at: number,
  ) => {
    const isObject = kind === 'object'
    const isUpload = isObject && incoming.method === 'PUT'
    // The signature of an object's URL holds the host that the signer knows.
    const headers = { ...incoming.headers, connection: 'close', ...(isObject && { host: storage.host }) }
    const { hostname, port } = isObject ? storage : { hostname: '127.0.0.1', port: upstream.port }
    const forwarded = request({ hostname, port, method: incoming.method, path: incoming.url, headers, agent })
    const end = () => {
      forwarded.destroy()
      incoming.socket.destroy()
    }
    forwarded.on('error', end)
    outgoing.once('close', () => forwarded.destroy())

    const size = Number(incoming.headers['content-length'] ?? 0)
    const isInRequest = at < 0.5 && size > 0
    const place = isInRequest ? at * 2 : at * 2 - 1
    incoming
      .on('data', (chunk: Buffer) => void (isUpload && (uploadedBytes += chunk.length)))
      .pipe(
        fault === 'lostRequest'
          ? passUpTo(at * size, end)
          : fault === 'stall' && isInRequest
            ? passUpTo(place * size, () => {})
            : fault === 'altered' && isUpload
              ? alterAt(Math.floor(at * size))
              : passAll(),
      )
      .pipe(forwarded)
    if (fault === 'lostRequest' && size === 0) return end()

    forwarded.on('response', (response) => {
      response.on('error', end)
      response.once('aborted', end)
      if (fault === 'lostResponse') return response.resume().once('end', end)
      const { connection: _, ...responseHeaders } = response.headers
      const length = Number(responseHeaders['content-length'] ?? 1)
      // URLs that the signer signs lead through this proxy, too. They have another length.
      const isRewritten = kind === 'signer'
      if (isRewritten) delete responseHeaders['content-length']
      outgoing.writeHead(response.statusCode!, responseHeaders)
      response
        .pipe(isRewritten ? replaceText(storage.origin, proxy.storageUrl) : passAll())
        .pipe(
          fault === 'truncated'
            ? passUpTo(at * length, end)
            : fault === 'stall' && !isInRequest
              ? passUpTo(Math.abs(place) * length, () => {})
              : fault === 'altered' && !isUpload
                ? alterAt(Math.floor(at * length))
                : passAll(),
        )
        .pipe(outgoing)
    })
  }

  const app = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url!, 'http://device')
    if (pathname === STOPPED_PATH) return onStop?.(searchParams.get('point')!)
    outgoing.on('error', () => {})
    const kind = kindOf(pathname)
    if (kind === undefined) return void respondWithApp(pathname, outgoing)
    respond(kind, incoming, outgoing)
  })
  const objects = createServer((incoming, outgoing) => {
    outgoing.on('error', () => {})
    respond('object', incoming, outgoing)
  })
  for (const server of [app, objects]) {
    server.on('connection', keep)
    server.on('clientError', (_, socket) => socket.destroy())
  }
  app.on('upgrade', (incoming: IncomingMessage, device: Duplex, head: Buffer) => {
    const fault = roll('sync')
    expose(device, device)
    if (weather.isDown || (fault && fault !== 'delay' && fault !== 'stall')) return device.destroy()
    if (fault === 'stall') return
    const server = connect(upstream.port, '127.0.0.1')
    keep(server)
    const lines = [`GET ${incoming.url} HTTP/1.1`]
    const { rawHeaders } = incoming
    for (let index = 0; index < rawHeaders.length; index += 2)
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`)
    server.write(`${lines.join('\r\n')}\r\n\r\n`)
    server.write(head)
    device.pipe(server).pipe(device)
    device.once('close', () => server.destroy())
    server.once('close', () => device.destroy())
  })
  await Promise.all([app, objects].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
  const origin = (server: typeof app) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const proxy: Proxy = {
    url: `${origin(app)}/`,
    storageUrl: origin(objects),
    get weather() {
      return weather
    },
    set weather(value) {
      weather = value
      cut()
    },
    counts,
    get uploadedBytes() {
      return uploadedBytes
    },
    nextStop: () =>
      new Promise((resolve) => {
        onStop = resolve
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = [app, objects].map((server) => once(server.close(), 'close'))
      for (const connection of connections) connection.destroy()
      await Promise.all(closed)
    },
  }
  return proxy
}

/** @returns undefined for a file of the app */
const kindOf = (pathname: string): RequestKind | undefined => {
  // A local object store is served by the signer.
  if (pathname.startsWith('/signer/objects/')) return 'object'
  if (pathname.startsWith('/signer/')) return 'signer'
  if (pathname.startsWith('/sync/')) return 'sync'
  return pathname.startsWith('/rockpool-dev/') ? 'token' : undefined
}

/** Takes the whole request, and responds without asking the server. */
const respondInPlace = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
) => {
  incoming.resume().once('end', () => {
    outgoing.writeHead(status, { 'access-control-allow-origin': '*', ...headers })
    outgoing.end('not from the server')
  })
}

const passAll = () => new Transform({ transform: (chunk, _, done) => done(null, chunk) })

/** Passes the whole text at its end. */
const replaceText = (from: string, to: string) => {
  const chunks: Buffer[] = []
  return new Transform({
    transform(chunk: Buffer, _, done) {
      chunks.push(chunk)
      done()
    },
    flush: (done) => done(null, Buffer.concat(chunks).toString().replaceAll(from, to)),
  })
}

/** Passes `limit` bytes at most, calls `then` once, and nothing more passes: the end of a body that has no bytes does not, either. */
const passUpTo = (limit: number, then: () => void) => {
  let left = Math.floor(limit)
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (chunk.length <= left) {
        left -= chunk.length
        return done(null, chunk)
      }
      this.push(chunk.subarray(0, left))
      left = 0
      // `done` is never called: the sender is held up, as by a network that is silent.
      then()
    },
    flush: () => then(),
  })
}

/** Flips a bit of the byte at `position`. */
const alterAt = (position: number) => {
  let passed = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const index = position - passed
      passed += chunk.length
      if (index < 0 || index >= chunk.length) return done(null, chunk)
      const altered = Buffer.from(chunk)
      altered[index]! ^= 1
      done(null, altered)
    },
  })
}
