/** The network between a device and the server, for tests of file URLs: it serves a page without an app. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { FILE_URL_BASE, type RemoteKey } from '@rockpool/protocol'

/** A response of the object store, as far as it has passed. */
export interface PassedResponse {
  readonly key: RemoteKey
  /** offset of its first byte in the content */
  readonly start: number
  /** bytes that have passed */
  bytes: number
}

/** How the bodies of the object store's responses pass, 64 KiB at a time. */
export interface Line {
  /** The connection ends after this many bytes of a body. */
  readonly cutAfter?: number
  /** Behind this many bytes of a body only 10 kB pass in a second. */
  readonly slowAfter?: number
}

/** Below a path that the worker's shell leaves to the server. */
const PAGES = '/rockpool-dev/test/'
const REPORTS = 'ran/'
const CONTROL = 'control'

/** In `page/`. */
const SCRIPTS = ['requests.ts', 'hostile.ts']

export interface ObjectProxy extends AsyncDisposable {
  /** of the gallery, through this proxy */
  readonly url: string
  /** of an empty page that has what `page/` sets on `window` */
  readonly pageUrl: string
  /** Where a script reports that it runs: its name follows. */
  readonly reportUrl: string
  readonly reports: readonly string[]
  /** a document below `pageUrl`, not from the worker */
  control: Blob | undefined
  /** no request gets a response */
  isOffline: boolean
  /** the next signed URL of each has expired when it arrives */
  readonly expired: Set<RemoteKey>
  /** All bodies pass at once when it is not set. */
  line: Line | undefined
  /** responses of the object store, in order */
  readonly passed: readonly PassedResponse[]
  /** paths of file URLs whose requests did not go to the worker */
  readonly pastWorker: ReadonlySet<string>
}

/** @param serverUrl of the gallery, direct */
export const startObjectProxy = async (serverUrl: string): Promise<ObjectProxy> => {
  const { hostname, port } = new URL(serverUrl)
  const scripts = new Map<string, string>()
  for (const name of SCRIPTS) {
    scripts.set(name, stripTypeScriptTypes(await readFile(join(import.meta.dirname, 'page', name), 'utf8')))
  }
  const expired = new Set<RemoteKey>()
  const pastWorker = new Set<string>()
  const passed: PassedResponse[] = []
  const reports: string[] = []

  const page = `<!doctype html><body>${SCRIPTS.map((name) => `<script type="module" src="${name}"></script>`).join('')}`
  const servePage = async (name: string, outgoing: ServerResponse) => {
    if (name.startsWith(REPORTS)) reports.push(name.slice(REPORTS.length))
    const script = scripts.get(name)
    const control = name === CONTROL ? await proxy.control?.bytes() : undefined
    outgoing.writeHead(200, { 'content-type': script === undefined ? 'text/html' : 'text/javascript' })
    outgoing.end(control ?? script ?? page)
  }

  /** Another time than the signed one is refused as a time in the past is. */
  const withoutValidity = ({ pathname, searchParams }: URL): string => {
    searchParams.set('expires', '0')
    return `${pathname}?${searchParams}`
  }

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const url = new URL(incoming.url!, serverUrl)
    const [, key] = decodeURIComponent(url.pathname).split('/objects/') as [string, RemoteKey | undefined]
    const isObject = key !== undefined && incoming.method === 'GET'
    const path = isObject && expired.delete(key) ? withoutValidity(url) : incoming.url
    const forwarded = request({
      hostname,
      port,
      method: incoming.method,
      path,
      headers: incoming.headers,
      agent: false,
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.once('close', () => forwarded.destroy())
    forwarded.on('response', (response) => {
      outgoing.writeHead(response.statusCode!, response.headers)
      response.once('aborted', () => outgoing.destroy())
      if (!isObject) return void response.pipe(outgoing)
      const [, start = 0] = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '') ?? []
      const record: PassedResponse = { key, start: Number(start), bytes: 0 }
      passed.push(record)
      void passBody(response, outgoing, proxy.line ?? {}, record)
    })
    incoming.pipe(forwarded)
  }

  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url!, serverUrl)
    if (pathname.startsWith(FILE_URL_BASE)) pastWorker.add(pathname)
    if (proxy.isOffline) return void incoming.socket.destroy()
    if (pathname.startsWith(PAGES)) void servePage(pathname.slice(PAGES.length), outgoing)
    else forward(incoming, outgoing)
  })
  server.on('clientError', (_, socket) => socket.destroy())
  // The gallery polls without a WebSocket.
  server.on('upgrade', (_, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const proxy: ObjectProxy = {
    url,
    pageUrl: url + PAGES.slice(1),
    reportUrl: url + PAGES.slice(1) + REPORTS,
    reports,
    control: undefined,
    isOffline: false,
    line: undefined,
    expired,
    passed,
    pastWorker,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return proxy
}

const CHUNK = 64 * 1024

/** Ends when the body or the connection does. */
const passBody = async (
  body: IncomingMessage,
  outgoing: ServerResponse,
  { cutAfter = Infinity, slowAfter = Infinity }: Line,
  record: PassedResponse,
): Promise<void> => {
  for await (const bytes of body as AsyncIterable<Buffer>) {
    for (let at = 0; at < bytes.length;) {
      const isSlow = record.bytes >= slowAfter
      const size = isSlow ? 1_000 : Math.min(CHUNK, cutAfter - record.bytes, slowAfter - record.bytes)
      const chunk = bytes.subarray(at, at + size)
      await new Promise((written) => outgoing.write(chunk, written))
      at += chunk.length
      record.bytes += chunk.length
      if (outgoing.destroyed) return
      if (record.bytes >= cutAfter) return void outgoing.destroy()
      if (isSlow) await setTimeoutPromise(100)
    }
  }
  outgoing.end()
}
