/** The id that all log lines of one request share. Pure. */
import type { IncomingHttpHeaders } from 'node:http'

/** A parent span in another process: https://www.w3.org/TR/trace-context/#traceparent-header */
export interface TraceParent {
  /** 32 hex digits, not all zero */
  readonly traceId: string
}

/** Short and without quotes, spaces and line breaks: it is written to the log and sent back. */
const REQUEST_ID = /^[\w.:-]{1,128}$/

const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/

/** @returns undefined when there is no well-formed header */
export const parseTraceParent = ({ traceparent }: IncomingHttpHeaders): TraceParent | undefined => {
  const [, traceId] = (typeof traceparent === 'string' && TRACE_PARENT.exec(traceparent)) || []
  return traceId === undefined ? undefined : { traceId }
}

/** `X-Request-Id` of a proxy or client, else the trace that the request belongs to, else a new UUID. */
export const requestIdOf = (headers: IncomingHttpHeaders): string => {
  const given = headers['x-request-id']
  if (typeof given === 'string' && REQUEST_ID.test(given)) return given
  return parseTraceParent(headers)?.traceId ?? crypto.randomUUID()
}
