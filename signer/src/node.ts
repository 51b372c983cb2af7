/** The signer on Node: an HTTP server with a graceful stop. */
import { Buffer } from 'node:buffer'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Signer } from './app.ts'
import type { RequestSource } from './request-context.ts'
import { errorResponse, httpError } from './errors.ts'

/** Headers have to arrive in this time (slow loris). Bodies have their own limits: see body.ts and IDLE_MS. */
const HEADERS_MS = 10_000
/** A connection that is idle for this time is closed. */
const IDLE_MS = 60_000
/** Limit for a whole request, such as a part of 8 MiB at 10 kB/s. */
const REQUEST_MS = 15 * 60_000

export interface ServeOptions {
  readonly port: number
  /** 127.0.0.1 unless set */
  readonly hostname?: string
}

export interface SignerServer {
  readonly port: number
  /** Lets in-flight requests end (for at most `graceMs`, default 30,000); new ones get 503. */
  stop(graceMs?: number): Promise<void>
}

/**
 * The signer inside another Node server, such as Vite's. Behind a path (`/signer`), strip it first, as connect's
 * `server.use('/signer', nodeListener(signer))` does, and open the local store with that path as `publicBaseUrl`.
 */
export const nodeListener = (signer: Signer) =>
  getRequestListener((request, env) => signer.fetch(request, sourceOf(env as HttpBindings)), KEEP_GLOBALS)

/**
 * Else @hono/node-server 2.1.8 replaces `Response` in the whole process by one of its own, whose `bytes()` throws: uploads of a
 * hybrid store did not resume because of it.
 */
const KEEP_GLOBALS = { overrideGlobalObjects: false } as const

/** Where a request of @hono/node-server came from, and a way to respond past `Response`. */
export const sourceOf = ({ incoming, outgoing }: HttpBindings): RequestSource => {
  const { remoteAddress, localAddress, localPort, localFamily } = incoming.socket
  const host = localFamily === 'IPv6' ? `[${localAddress}]` : localAddress
  return {
    ...(remoteAddress !== undefined && { address: remoteAddress }),
    ...(localAddress !== undefined && { origin: `http://${host}:${localPort}` }),
    sendJson: (text, headers) => {
      outgoing.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(text) })
      outgoing.end(text)
      return RESPONSE_ALREADY_SENT
    },
  }
}

/**
 * Serves a signer over HTTP.
 *
 * @throws the server's own error when it cannot listen (`EADDRINUSE`)
 */
export const serve = async (
  signer: Signer,
  { port, hostname = '127.0.0.1' }: ServeOptions,
  { headersMs = HEADERS_MS, idleMs = IDLE_MS, requestMs = REQUEST_MS } = {},
): Promise<SignerServer> => {
  let stopping = false
  const listener = getRequestListener(
    (request, env) => (stopping ? stoppingResponse() : signer.fetch(request, sourceOf(env as HttpBindings))),
    KEEP_GLOBALS,
  )
  let inFlight = 0
  let drained = () => {}
  const server = createServer(
    { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: headersMs },
    (incoming, outgoing) => {
      if (!stopping) {
        inFlight++
        outgoing.once('close', () => {
          if (--inFlight === 0) drained()
        })
      }
      void listener(incoming, outgoing)
    },
  )
  server.timeout = idleMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, resolve)
  })

  return {
    port: (server.address() as AddressInfo).port,
    async stop(graceMs = 30_000) {
      stopping = true
      // Listens until then: new requests get a 503 with Retry-After, not a refused connection.
      if (inFlight > 0) {
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, graceMs)
          drained = () => {
            clearTimeout(late)
            resolve()
          }
        })
      }
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const stoppingResponse = () =>
  errorResponse(httpError('storage_unavailable', 'This signer is stopping. Try again.', { retryAfterMs: 1_000 }), {
    connection: 'close',
  })
