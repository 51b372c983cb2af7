/** The id that all log lines of one request share. Pure. */
import type { IncomingHttpHeaders } from 'node:http'

/** Short and without quotes, spaces and line breaks: it is written to the log and sent back. */
const REQUEST_ID = /^[\w.:-]{1,128}$/

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/

/** The trace that a request belongs to: 32 hex digits. undefined without a well-formed header */
export const traceIdOf = ({ traceparent }: IncomingHttpHeaders): string | undefined =>
  typeof traceparent === 'string' ? TRACE_PARENT.exec(traceparent)?.[1] : undefined

/** `X-Request-Id` of a proxy or client, else the trace that the request belongs to, else a new UUID. */
export const requestIdOf = (headers: IncomingHttpHeaders): string => {
  const given = headers['x-request-id']
  if (typeof given === 'string' && REQUEST_ID.test(given)) return given
  return traceIdOf(headers) ?? crypto.randomUUID()
}
