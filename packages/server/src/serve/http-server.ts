/** The HTTP server around the parts: one port, a state, and an end that waits for calls under way. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, systemClock } from '@rockpool/sync-server'
import { allowOrigin, isPreflight, respondPreflight } from './cors.ts'
import { createFairQueue } from './fair-queue.ts'
import { respondHealth, respondReady, respondTooMany, respondUnavailable, type ServerState } from './health.ts'
import type { Metrics } from './metrics.ts'
import { type Observers, observeRequest, observeUpgrade } from './observe-request.ts'
import { queueOf } from './queue-of.ts'
import { inRequest } from './request-scope.ts'
import { isLive, type Route, routeOf } from './route.ts'
import { BODY_MS, cutSlowBody, hasBody } from './slow-body.ts'

/** Headers have to arrive in this time (slow loris). */
const HEADERS_MS = 10_000
/** A connection on which nothing moves for this long is cut. WebSockets have their own keep-alive. */
const IDLE_MS = 60_000
/** A stop waits longer than the longest call but for bodies of several parts, which clients send again. */
const DRAIN_MS = BODY_MS + 10_000
/** After a refusal for too many calls its caller waits, also one that does not obey Retry-After. */
const REFUSED_MS = 1_000

export interface Handlers extends Observers {
  /** Responds to the signer's calls; `url` without the prefix. */
  signer(incoming: IncomingMessage, outgoing: ServerResponse, url: string): void
  sync(incoming: IncomingMessage, outgoing: ServerResponse): void
  rest(incoming: IncomingMessage, outgoing: ServerResponse): void
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** a built web app; undefined: 404 */
  readonly static: ((incoming: IncomingMessage, outgoing: ServerResponse, path: string) => Promise<void>) | undefined
  ready(): Promise<{ readonly ok: boolean }>
  readonly metrics: Metrics
  /** calls of one caller wait for each other; false: all run at once */
  readonly isFair: boolean
}

export interface HttpServer {
  readonly port: number
  /** From now on requests are served. Until then they get 503. */
  start(handlers: Handlers): void
  /** New calls get 503, `/health` says `draining`. Resolves when no call is under way, or the longest one is over. */
  drain(): Promise<void>
  /** Cuts every connection. */
  close(): Promise<void>
}

export interface ListenOptions {
  /** real time unless set */
  readonly clock?: Clock
  /** exact origins of web apps that are served from elsewhere */
  readonly allowedOrigins?: readonly string[]
}

/** @throws Error of one line when it cannot listen */
export const listen = async (
  host: string,
  port: number,
  { clock = systemClock, allowedOrigins = [] }: ListenOptions = {},
): Promise<HttpServer> => {
  let state: ServerState = 'starting'
  let handlers: Handlers | undefined
  /** calls under way, without live streams */
  let inFlight = 0
  let drained = () => {}
  const queue = createFairQueue(clock, (calls) => handlers?.metrics.waiting(calls))

  const respond = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { url = '/' } = incoming
    const route = routeOf(url)
    if (route.part === 'health') return respondHealth(outgoing, state)
    if (route.part === 'ready') {
      return void respondReady(outgoing, state, () => handlers!.ready()).catch(() => outgoing.destroy())
    }
    if (!handlers || state !== 'running') {
      allowOrigin(incoming, outgoing, allowedOrigins)
      return isPreflight(incoming) ? respondPreflight(incoming, outgoing) : respondUnavailable(outgoing, state)
    }
    // A live stream is silent until a device appends.
    if (isLive(url)) incoming.socket.setTimeout(0)
    else {
      inFlight++
      handlers.metrics.call(route.part, incoming, outgoing)
      outgoing.once('close', () => {
        if (--inFlight === 0) drained()
      })
    }
    // The connection is silent while a large body is uploaded to the object store. Node restores the timeout for the next call.
    if (route.part === 'rest' && incoming.method === 'POST') incoming.once('end', () => incoming.socket.setTimeout(0))
    // What a scraper asks for every few seconds is not for the log.
    if (route.part === 'metrics') return dispatch(handlers, route, incoming, outgoing)
    const running = handlers
    const scope = observeRequest(running, route.part, incoming, outgoing)
    const start = () => inRequest(scope, () => dispatch(running, route, incoming, outgoing))
    if (hasBody(incoming)) outgoing.once('close', cutSlowBody(incoming, clock))
    const caller = handlers.isFair ? queueOf(route.part, incoming) : undefined
    if (caller === undefined) return start()
    const refuse = () => {
      allowOrigin(incoming, outgoing, allowedOrigins)
      respondTooMany(outgoing)
    }
    const ticket = queue.enter(caller, { start, refuse })
    outgoing.once('close', () => ticket.leave(outgoing.statusCode === 429 ? REFUSED_MS : 0))
  }

  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: 0 }, respond)
  server.timeout = IDLE_MS
  server.on('upgrade', (incoming, socket: Duplex, head) => {
    if (handlers && state === 'running' && routeOf(incoming.url ?? '/').part === 'sync') {
      const running = handlers
      running.metrics.connected(socket)
      return inRequest(observeUpgrade(running, incoming, socket), () => running.upgrade(incoming, socket, head))
    }
    socket.on('error', () => socket.destroy())
    // Node leaves an upgraded socket to the listener: without this, a client that keeps its side open would never release it.
    socket.once('finish', () => socket.destroy())
    socket.end('HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(listenProblem(cause, host, port), { cause })
  })

  return {
    port: (server.address() as AddressInfo).port,
    start: (started) => {
      handlers = started
      state = 'running'
    },
    drain: async () => {
      state = 'draining'
      if (inFlight === 0) return
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, DRAIN_MS)
        drained = () => {
          clearTimeout(late)
          resolve()
        }
      })
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const dispatch = (handlers: Handlers, route: Route, incoming: IncomingMessage, outgoing: ServerResponse): void => {
  if (route.part === 'signer') return handlers.signer(incoming, outgoing, route.url)
  if (route.part === 'metrics') return void handlers.metrics.respond(outgoing).catch(() => outgoing.destroy())
  if (route.part === 'sync') return handlers.sync(incoming, outgoing)
  if (route.part === 'rest') return handlers.rest(incoming, outgoing)
  if (route.part === 'static' && handlers.static) {
    return void handlers.static(incoming, outgoing, route.path).catch(() => outgoing.destroy())
  }
  outgoing.writeHead(route.part === 'bad_path' ? 400 : 404, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end(route.part === 'bad_path' ? 'Bad path\n' : 'Not found\n')
}

const listenProblem = ({ code, message }: NodeJS.ErrnoException, host: string, port: number): string => {
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is in use. Set server.port (PORT) to another one.`
  if (code === 'EACCES') return `Port ${port} needs more rights. Set server.port (PORT) to one above 1023.`
  return `The server cannot listen on ${host}, port ${port} (${code ?? message}). Correct server.host (HOST).`
}
