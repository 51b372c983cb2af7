/**
 * A login for trying out: gives everyone who asks a token for the user and the store that they name. Whoever reaches it can read and
 * write everything, so nothing but a machine of your own may. In its place belongs the login of your app.
 *
 *     ROCKPOOL_JWT_SECRET=… HOST=127.0.0.1 PORT=8790 node demo-login.mjs
 */
import { createServer } from 'node:http'
import { SignJWT } from 'jose'

const { ROCKPOOL_JWT_SECRET, HOST = '127.0.0.1', PORT = '8790' } = process.env
if (!ROCKPOOL_JWT_SECRET) {
  console.error('demo-login: ROCKPOOL_JWT_SECRET is missing. Set the one of the server.')
  process.exit(1)
}
const secret = new TextEncoder().encode(ROCKPOOL_JWT_SECRET)

const server = createServer(async (incoming, outgoing) => {
  const { pathname, searchParams } = new URL(incoming.url, 'http://localhost')
  const [user, store] = [searchParams.get('user'), searchParams.get('store')]
  const respond = (status, body) => {
    outgoing.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    outgoing.end(JSON.stringify(body))
  }
  if (pathname !== '/rockpool-dev/token' || incoming.method !== 'POST') return respond(404, { error: 'Not found' })
  // A page of another site must not get one with the help of someone who has this page open.
  if (incoming.headers['sec-fetch-site'] !== 'same-origin')
    return respond(403, { error: 'Only for pages of this site' })
  if (!user || !store) return respond(400, { error: 'Name user and store' })
  const token = await new SignJWT({ sub: user, stores: { [store]: ['read', 'write', 'delete'] } })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 h')
    .sign(secret)
  respond(200, { token })
})
server.listen(Number(PORT), HOST, () =>
  console.error(`demo-login: listening on http://${HOST}:${server.address().port}`),
)
process.once('SIGTERM', () => process.exit(0))
