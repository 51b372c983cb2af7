/**
 * What the signer is measured against, in one process: the signer on a local store, a Hono route that verifies the same
 * token and answers a constant (`/constant`), and a bare file server on the same disk (`/bare/<name>`).
 *
 *     node --conditions=@rockpool/source signer-server.ts <folder>
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { getRequestListener } from '@hono/node-server'
import { openLocalStore } from '@rockpool/object-store/local'
import { createSigner, sharedSecretTokens } from '@rockpool/signer'
import { nodeListener } from '@rockpool/signer/node'
import { Hono } from 'hono'
import { jwtVerify } from 'jose'

const folder = process.argv[2]!
const secret = 'a secret of the benchmark, thirty-two bytes'
const key = await crypto.subtle.importKey(
  'raw',
  new TextEncoder().encode(secret),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['verify'],
)
const authenticate = sharedSecretTokens({ secrets: [secret] })
const store = await openLocalStore({ directory: join(folder, 'store'), publicBaseUrl: '', secret })
const signer = createSigner({ store, authenticate, urlSecret: secret, rateLimit: false })

const app = new Hono()
app.get('/constant', async (c) => {
  await jwtVerify(c.req.header('authorization')!.slice('Bearer '.length), key, { algorithms: ['HS256'] })
  return c.json({ url: 'http://127.0.0.1/a/constant/answer', expiresAt: 1 })
})

const bareFolder = join(folder, 'bare')
await mkdir(bareFolder, { recursive: true })
const bare = async (request: IncomingMessage, response: ServerResponse) => {
  const path = join(bareFolder, basename(request.url!))
  if (request.method === 'PUT') {
    await pipeline(request, createWriteStream(path))
    response.end()
  } else {
    const { size } = await stat(path)
    response.setHeader('content-length', size)
    await pipeline(createReadStream(path), response)
  }
}

const constant = getRequestListener(app.fetch, { overrideGlobalObjects: false })
const signed = nodeListener(signer)
const server = createServer((request, response) => {
  const answer = request.url!.startsWith('/bare/') ? bare : request.url === '/constant' ? constant : signed
  void answer(request, response)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.once('SIGTERM', () => process.exit(0))
