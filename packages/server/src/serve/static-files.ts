/** A built web app over HTTP: GET and HEAD, ETag, the app's page for its own routes. */
import { createReadStream } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, isAbsolute, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FILE_URL_BASE } from '@rockpool/protocol'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** Vite names these files by their content. */
const IS_HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/

export type ServeStatic = (incoming: IncomingMessage, outgoing: ServerResponse, path: string) => Promise<void>

/**
 * @param folder the build, such as `dist`
 * @throws Error of one line when it has no `index.html`
 */
export const staticFiles = async (folder: string): Promise<ServeStatic> => {
  const root = await realpath(folder).catch(() => undefined)
  if (root === undefined || (await find(root, '/index.html')) === undefined) {
    throw new Error(`There is no index.html in ${folder}. Build the app, and name the folder of the build in --static.`)
  }
  return async (incoming, outgoing, path) => {
    const { method, headers } = incoming
    if (method !== 'GET' && method !== 'HEAD') return end(outgoing, 405, { allow: 'GET, HEAD' })
    // The app's router knows pages that are no files; a missing script must not become one of these, nor a file URL that passed by the
    // service worker.
    const isPage =
      extname(path) === '' && !path.startsWith(FILE_URL_BASE) && (headers.accept ?? '').includes('text/html')
    const found =
      (await find(root, path.endsWith('/') ? `${path}index.html` : path)) ??
      (isPage ? await find(root, '/index.html') : undefined)
    if (!found) return end(outgoing, 404, { 'content-type': 'text/plain; charset=utf-8' }, 'Not found\n')
    const etag = `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"`
    const common = {
      etag,
      'cache-control': IS_HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
    }
    if (headers['if-none-match'] === etag) return end(outgoing, 304, common)
    const type = TYPES[extname(found.file).toLowerCase()] ?? 'application/octet-stream'
    outgoing.writeHead(200, { ...common, 'content-type': type, 'content-length': found.size })
    if (method === 'HEAD') return void outgoing.end()
    // When the file went away, the client sees that the response is cut. A client that left needs nothing.
    await pipeline(createReadStream(found.file, { end: Math.max(0, found.size - 1) }), outgoing).catch(() => {})
  }
}

const end = (outgoing: ServerResponse, status: number, headers: Record<string, string>, body = ''): void => {
  outgoing.writeHead(status, headers)
  outgoing.end(body)
}

/** A file of the build: no hidden one, and none that a link leads to outside of it. */
const find = async (
  root: string,
  path: string,
): Promise<{ readonly file: string; readonly size: number; readonly mtimeMs: number } | undefined> => {
  if (path.includes('\0') || path.split('/').some((name) => name.startsWith('.'))) return undefined
  const file = await realpath(join(root, path)).catch(() => undefined)
  if (file === undefined) return undefined
  const inside = relative(root, file)
  if (isAbsolute(inside) || inside.split(sep)[0] === '..') return undefined
  const handle = await open(file).catch(() => undefined)
  try {
    const stat = await handle?.stat()
    return stat?.isFile() ? { file, size: stat.size, mtimeMs: stat.mtimeMs } : undefined
  } finally {
    await handle?.close()
  }
}
