/**
 * The servers of a world in one process, as an operator runs them: the app's files, the signer on an S3 bucket, the sync server,
 * and development tokens. Sends `ready` to its parent, and ends with it.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { extname, join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { sharedSecretTokens } from '@rockpool/access'
import { openS3Store } from '@rockpool/object-store/s3'
import { createSigner } from '@rockpool/signer'
import { createSyncListener, sqliteLogs } from '@rockpool/sync-server/node'
import { SignJWT } from 'jose'
import type { ServerSettings } from './server.ts'

const { port, appFolder, dataFolder, bucket } = JSON.parse(process.argv[2]!) as ServerSettings

const SECRET = 'the secret of a world under faults, more than 32 bytes'
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

const authenticate = sharedSecretTokens({ secrets: [SECRET] })
const signer = createSigner({
  store: await openS3Store(bucket),
  authenticate,
  receiptSecret: SECRET,
  rateLimit: false,
})
const sync = createSyncListener({
  logs: await sqliteLogs({ directory: join(dataFolder, 'events') }),
  authenticate,
  receiptSecrets: [SECRET],
  basePath: '/sync',
})

const signed = getRequestListener((request) => signer.fetch(request), { overrideGlobalObjects: false })

const respondWithToken: RequestListener = async (request, response) => {
  const { searchParams } = new URL(request.url!, 'http://server')
  const token = await new SignJWT({ stores: { [searchParams.get('store')!]: ['read', 'write', 'delete'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(searchParams.get('user')!)
    .setExpirationTime('10 minutes')
    .sign(new TextEncoder().encode(SECRET))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ token }))
}

const respondWithFile: RequestListener = async (request, response) => {
  const { pathname } = new URL(request.url!, 'http://server')
  const name = pathname === '/' ? 'index.html' : pathname.slice(1)
  try {
    const bytes = await readFile(join(appFolder, name))
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' })
    response.end(bytes)
  } catch {
    response.writeHead(404).end()
  }
}

const server = createServer((request, response) => {
  const url = request.url!
  if (url.startsWith('/signer/')) {
    request.url = url.slice('/signer'.length)
    return signed(request, response)
  }
  if (url.startsWith('/sync/')) return sync.requestListener(request, response)
  if (url.startsWith('/rockpool-dev/token')) return respondWithToken(request, response)
  return respondWithFile(request, response)
})
server.on('upgrade', sync.handleUpgrade)
server.listen(port, '127.0.0.1', () => process.send!('ready'))
process.once('disconnect', () => process.exit())
