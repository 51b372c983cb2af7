import type { IncomingMessage, ServerResponse } from 'node:http'
import { isStoreId, type StoreId } from '@rockpool/protocol'

/** `POST /rockpool-dev/token?user=…&store=…` responds `{ token }`: stands in for an app's own login in development. */
export const TOKEN_PATH = '/rockpool-dev/token'

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/
const LOOPBACK_ADDRESS = /^(?:127\.|::1$|::ffff:127\.)/

/** What a refusal rests on. */
export interface TokenRequest {
  readonly method: string | undefined
  /** path and query */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** of the other side of the connection */
  readonly address: string | undefined
}

/** Whom a token is for; or why there is none: it is given to pages of this very server, opened on this machine. */
export const readTokenRequest = ({
  method,
  url,
  headers,
  address,
}: TokenRequest):
  | { readonly user: string; readonly storeId: StoreId }
  | { readonly status: number; readonly reason: string } => {
  if (method !== 'POST') return { status: 405, reason: 'Use POST.' }
  // A name that an attacker's DNS points to 127.0.0.1 is not loopback (DNS rebinding).
  if (!LOOPBACK_HOST.test(headers.host ?? '') || !LOOPBACK_ADDRESS.test(address ?? '')) {
    return {
      status: 403,
      reason: 'Development tokens are given on this machine only: open http://localhost or http://127.0.0.1.',
    }
  }
  const site = headers['sec-fetch-site']
  const sameOrigin = site === undefined ? isOwnOrigin(headers) : site === 'same-origin'
  if (!sameOrigin) return { status: 403, reason: 'Development tokens are given to pages of this server only.' }
  const query = new URL(url, 'http://localhost').searchParams
  const user = query.get('user') ?? ''
  const storeId = query.get('store') ?? ''
  if (user === '' || user.length > 128 || !isStoreId(storeId)) {
    return { status: 400, reason: 'Name a user (1 to 128 characters) and a store: ?user=ada&store=my-store' }
  }
  return { user, storeId }
}

const isOwnOrigin = ({ origin, host }: IncomingMessage['headers']): boolean =>
  origin === `http://${host}` || origin === `https://${host}`

/** The endpoint as a middleware. */
export const tokenEndpoint =
  (issue: (user: string, storeId: StoreId) => Promise<string>) =>
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    const { method, url = '/', headers, socket } = request
    const answer = readTokenRequest({ method, url, headers, address: socket.remoteAddress })
    response.setHeader('cache-control', 'no-store')
    response.setHeader('content-type', 'application/json')
    if ('status' in answer) {
      response.statusCode = answer.status
      response.end(JSON.stringify({ error: { code: 'forbidden', message: answer.reason } }))
      return
    }
    issue(answer.user, answer.storeId).then((token) => response.end(JSON.stringify({ token })), next)
  }
