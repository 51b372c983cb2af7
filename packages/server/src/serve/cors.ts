/**
 * CORS of responses that the server gives before any part of it gets the call: a browser shows the app a network failure for a
 * response that its origin may not read, in place of the error and Retry-After.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** @param origins exact origins of web apps that are served from elsewhere */
export const allowOrigin = (
  { headers: { origin } }: Pick<IncomingMessage, 'headers'>,
  outgoing: ServerResponse,
  origins: readonly string[],
): void => {
  if (origins.length === 0) return
  outgoing.setHeader('vary', 'Origin')
  if (origin === undefined || !origins.includes(origin)) return
  outgoing.setHeader('access-control-allow-origin', origin)
  outgoing.setHeader('access-control-expose-headers', 'Retry-After')
}

/** A browser sends the call itself only after a preflight that succeeds. */
export const isPreflight = ({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined

/** Allows what the browser asks for, this once: the call behind it gets an error. */
export const respondPreflight = ({ headers }: Pick<IncomingMessage, 'headers'>, outgoing: ServerResponse): void => {
  outgoing.setHeader('access-control-allow-methods', String(headers['access-control-request-method']))
  const names = headers['access-control-request-headers']
  if (names !== undefined) outgoing.setHeader('access-control-allow-headers', names)
  outgoing.setHeader('access-control-max-age', '0')
  outgoing.writeHead(204).end()
}
