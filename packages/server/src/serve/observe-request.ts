/** A request as the operator sees it: one id, one line in the log, one span. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from './log.ts'
import { requestIdOf } from './request-id.ts'
import { inRequest, type RequestScope } from './request-scope.ts'
import { patternOf, type Route } from './route.ts'
import type { Span, Tracer } from './tracing.ts'

export interface Observers {
  readonly log: Log
  /** no traces unless set */
  readonly tracer?: Tracer | undefined
}

/** The client has cut the connection before the response was complete: nginx's status for it. */
export const CLIENT_CLOSED = 499

/**
 * Writes the line and ends the span when the response is sent, or its connection is cut. The response carries the id.
 *
 * @returns run the request in it: {@link inRequest}
 */
export const observeRequest = (
  observers: Observers,
  part: Route['part'],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): RequestScope => {
  const scope = begin(observers, part, incoming)
  outgoing.setHeader('x-request-id', scope.requestId)
  const end = timed(observers.log, scope, { part, method: incoming.method ?? '' })
  outgoing.once('close', () => end(outgoing.writableFinished ? outgoing.statusCode : CLIENT_CLOSED))
  return scope
}

/** The same for a WebSocket: its line says how long it was open. */
export const observeUpgrade = (observers: Observers, incoming: IncomingMessage, socket: Duplex): RequestScope => {
  const scope = begin(observers, 'sync', incoming)
  const end = timed(observers.log, scope, { part: 'sync', method: 'GET', upgrade: 'websocket' })
  socket.once('close', () => end(undefined))
  return scope
}

const begin = (
  { tracer }: Observers,
  part: Route['part'],
  { method, url = '/', headers }: IncomingMessage,
): RequestScope => {
  const found = { ...patternOf(part, url) }
  return { requestId: requestIdOf(headers), span: tracer?.startRequest(`${method} ${found.route}`, headers), found }
}

interface LineStart {
  readonly part: Route['part']
  readonly method: string
  readonly upgrade?: 'websocket'
}

const timed = (log: Log, scope: RequestScope, line: LineStart) => {
  const started = performance.now()
  return (status: number | undefined): void => {
    const ms = Math.round((performance.now() - started) * 10) / 10
    const { found, span } = scope
    const level = status !== undefined && status >= 500 ? 'error' : 'info'
    inRequest(scope, () =>
      log[level]('request', { ...line, status, ms, ...(span && { traceId: span.traceId }), ...found }),
    )
    endSpan(scope, span, line.method, status)
  }
}

const endSpan = (
  { requestId, found }: RequestScope,
  span: Span | undefined,
  method: string,
  status: number | undefined,
): void =>
  span?.end({
    name: `${method} ${found.route}`,
    attributes: {
      'http.request.method': method,
      'http.route': found.route,
      ...(status !== undefined && { 'http.response.status_code': status }),
      ...(found.storeId !== undefined && { 'rockpool.store_id': found.storeId }),
      'rockpool.request_id': requestId,
    },
    ...(status !== undefined && status >= 500 && { error: String(status) }),
  })
