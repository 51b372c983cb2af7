/**
 * What a server is measured against: a Hono route that verifies a token and responds with a constant (`/constant`), and a bare file
 * server on the same disk (`/bare/<name>`). Used inside the process that is measured.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { jwtVerify } from 'jose'

/** @param secret of the tokens, HS256 */
export const bareListener = async (folder: string, secret: string) => {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify'])
  const app = new Hono()
  app.get('/constant', async (c) => {
    await jwtVerify(c.req.header('authorization')!.slice('Bearer '.length), key, { algorithms: ['HS256'] })
    return c.json({ url: 'http://127.0.0.1/a/constant/answer', expiresAt: 1 })
  })
  const constant = getRequestListener(app.fetch, { overrideGlobalObjects: false })

  await mkdir(folder, { recursive: true })
  const bare = async (request: IncomingMessage, response: ServerResponse) => {
    const path = join(folder, basename(request.url!))
    if (request.method === 'PUT') {
      await pipeline(request, createWriteStream(path))
      response.end()
    } else {
      const { size } = await stat(path)
      response.setHeader('content-length', size)
      await pipeline(createReadStream(path), response)
    }
  }
  return (request: IncomingMessage, response: ServerResponse): void =>
    void (request.url === '/constant' ? constant : bare)(request, response)
}
