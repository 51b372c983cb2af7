import { createServer, request, type Server } from 'node:http'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routeOf } from './route.ts'
import { staticFiles } from './static-files.ts'

let folder: string
let server: Server
let port: number

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-static-'))
  const dist = join(folder, 'dist')
  await mkdir(join(dist, 'assets'), { recursive: true })
  await mkdir(join(dist, '.git'))
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(dist, 'index.html'), '<!doctype html>')
  await writeFile(join(dist, 'service-worker.js'), 'self')
  await writeFile(join(dist, 'empty.txt'), '')
  await writeFile(join(dist, 'assets/main-Bc3d_f-h.js'), 'code')
  await writeFile(join(dist, '.git/config'), 'secret')
  await symlink(join(folder, 'secret.txt'), join(dist, 'link.txt'))
  const serve = await staticFiles(dist)
  server = createServer((incoming, outgoing) => {
    const route = routeOf(incoming.url!)
    if (route.part === 'static') return void serve(incoming, outgoing, route.path)
    outgoing.writeHead(400).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  ;({ port } = server.address() as AddressInfo)
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

/** Not fetch, which would resolve `..` itself. */
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    request({ port, path, method, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
      .on('error', reject)
      .end()
  })
const html = { accept: 'text/html,*/*' }

test.each([
  ['/', 200, '<!doctype html>', 'text/html; charset=utf-8', 'no-cache'],
  ['/index.html', 200, '<!doctype html>', 'text/html; charset=utf-8', 'no-cache'],
  ['/service-worker.js', 200, 'self', 'text/javascript; charset=utf-8', 'no-cache'],
  ['/assets/main-Bc3d_f-h.js', 200, 'code', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
  ['/empty.txt', 200, '', 'text/plain; charset=utf-8', 'no-cache'],
])('%s', async (path, status, body, type, cache) => {
  const response = await get(path)
  expect(response).toMatchObject({ status, body, headers: { 'content-type': type, 'cache-control': cache } })
  const { etag } = response.headers as { etag: string }
  expect(await get(path, { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' })
  expect(await get(path, {}, 'HEAD')).toMatchObject({ status, body: '' })
})

test('a route of the app is its page, for pages only', async () => {
  expect(await get('/photos/7', html)).toMatchObject({ status: 200, body: '<!doctype html>' })
  expect(await get('/photos/7')).toMatchObject({ status: 404 })
  expect(await get('/rockpool/f/reef/7/photo', html)).toMatchObject({ status: 404 })
  expect(await get('/assets/gone.js', html)).toMatchObject({ status: 404 })
})

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/link.txt',
  '/.git/config',
  '/index.html%00.png',
  '//etc/passwd',
])('nothing but the build is read: %s', async (path) => {
  const { status, body } = await get(path)
  expect([status, body]).toEqual([404, 'Not found\n'])
})

test('ends for a client that left before the file was found', async () => {
  const serve = await staticFiles(join(folder, 'dist'))
  const left = Promise.withResolvers<void>()
  const leaving = createServer((incoming, outgoing) => {
    outgoing.once('close', () => void serve(incoming, outgoing, '/index.html').then(left.resolve, left.reject))
    outgoing.destroy()
  })
  await new Promise<void>((resolve) => void leaving.listen(0, '127.0.0.1', resolve))
  const { port: leavingPort } = leaving.address() as AddressInfo
  request({ port: leavingPort })
    .on('error', () => {})
    .end()
  await left.promise
  await new Promise((resolve) => leaving.close(resolve))
})

test('only GET and HEAD', async () => {
  expect(await get('/', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
})

test('a folder without a page is no app', async () => {
  await expect(staticFiles(join(folder, 'dist/assets'))).rejects.toThrow(/^There is no index\.html in [^\n]+$/)
  await expect(staticFiles(join(folder, 'nowhere'))).rejects.toThrow(/^There is no index\.html in [^\n]+$/)
})
