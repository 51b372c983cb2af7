/** The metrics of `/metrics`, for Prometheus. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ObjectStore, StoreHealth } from '@rockpool/object-store'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DeliveryOutcome } from '../events/webhooks/deliveries.ts'
import type { CollectReport } from '../gc/collect.ts'
import { VERSION } from '../version.ts'
import { cached } from './cached.ts'
import { CLIENT_CLOSED } from './observe-request.ts'
import type { Route } from './route.ts'

export interface Metrics {
  /** Counts a call from now until its response is sent, or its connection is cut. */
  call(part: Route['part'], incoming: IncomingMessage, outgoing: ServerResponse): void
  /** @param calls that wait for others of their caller */
  waiting(calls: number): void
  /** Counts a WebSocket until `socket` closes. */
  connected(socket: { once(event: 'close', listener: () => void): unknown }): void
  collected(outcome: CollectReport | Error): void
  /** Events were sent to the live devices of their store. @param ms since the server stored them */
  delivered(ms: number): void
  /** An attempt to deliver an event to a webhook. */
  webhook(outcome: DeliveryOutcome): void
  /** Responds with the text format 0.0.4. */
  respond(outgoing: ServerResponse): Promise<void>
}

/** Seconds: from a cache hit to an upload of a part over a slow connection. */
const DURATIONS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300]

/** Seconds: from an append in memory to another server that was away. */
const LAGS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60]

/** Several scrapers cost as much as one. */
const KEEP_MS = 3_000
/** Prometheus waits 10 s for a scrape. */
const PROBE_MS = 3_000

/** Other methods share one label: clients can make up any number of them. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])

export const createMetrics = (store: Pick<ObjectStore, 'checkHealth' | 'mode'>): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const version = new Gauge({
    name: 'rockpool_version',
    help: 'The version that runs',
    labelNames: ['version'],
    registers,
  })
  version.set({ version: VERSION }, 1)
  const duration = new Histogram({
    name: 'rockpool_http_request_duration_seconds',
    help: 'Calls that have ended, by part of the server, method and status; 499: the client cut the connection',
    labelNames: ['part', 'method', 'status'],
    buckets: DURATIONS,
    registers,
  })
  const parts = countedParts(registry)
  const webhooks = new Counter({
    name: 'rockpool_webhook_attempts_total',
    help: 'Attempts to deliver an event to a webhook, by outcome; failed ones are repeated',
    labelNames: ['outcome'],
    registers,
  })
  const waiting = new Gauge({
    name: 'rockpool_http_calls_waiting',
    help: 'Calls that wait for others of their caller',
    registers,
  })
  const connections = new Gauge({ name: 'rockpool_sync_connections', help: 'Open WebSockets of sync', registers })
  const lag = new Histogram({
    name: 'rockpool_sync_lag_seconds',
    help: 'Time from storing events, on this server or another one, to sending them to the live devices of their store',
    buckets: LAGS,
    registers,
  })
  const runs = new Counter({
    name: 'rockpool_gc_runs_total',
    help: 'Garbage collections of one store, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const deleted = new Counter({ name: 'rockpool_gc_deleted_objects_total', help: 'Contents deleted', registers })
  const freed = new Counter({ name: 'rockpool_gc_deleted_bytes_total', help: 'Bytes of deleted contents', registers })
  storeGauges(registry, store)

  /** of each connection: bytes read up to the end of its last request, since headers are read before a request is known */
  const readBefore = new WeakMap<Socket, number>()

  return {
    call(part, { method = '', socket }, outgoing) {
      const end = duration.startTimer({ part, method: METHODS.has(method) ? method : 'other' })
      const before = { read: readBefore.get(socket) ?? 0, written: socket.bytesWritten }
      const counted = parts(part)
      counted.inFlight++
      outgoing.once('close', () => {
        counted.inFlight--
        readBefore.set(socket, socket.bytesRead)
        counted.received += socket.bytesRead - before.read
        counted.sent += socket.bytesWritten - before.written
        end({ status: outgoing.writableFinished ? outgoing.statusCode : CLIENT_CLOSED })
      })
    },
    waiting(calls) {
      waiting.set(calls)
    },
    connected(socket) {
      connections.inc()
      socket.once('close', () => connections.dec())
    },
    collected(outcome) {
      runs.inc({ outcome: outcome instanceof Error ? 'failed' : 'done' })
      if (outcome instanceof Error) return
      deleted.inc(outcome.deleted)
      freed.inc(outcome.bytes)
    },
    delivered(ms) {
      lag.observe(Math.max(0, ms) / 1_000)
    },
    webhook({ kind }) {
      webhooks.inc({ outcome: kind })
    },
    async respond(outgoing) {
      const text = await registry.metrics()
      outgoing.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' })
      outgoing.end(text)
    },
  }
}

interface CountedPart {
  inFlight: number
  /** bytes of requests and responses with their headers */
  received: number
  sent: number
}

/** What each call changes, as plain numbers: prom-client hashes labels at each change, a scrape only once. */
const countedParts = (registry: Registry): ((part: Route['part']) => CountedPart) => {
  const parts = new Map<Route['part'], CountedPart>()
  const common = { labelNames: ['part'] as const, registers: [] }
  registry.registerMetric(
    new Gauge({
      name: 'rockpool_http_requests_in_flight',
      help: 'Calls under way, by part of the server',
      ...common,
      collect() {
        for (const [part, { inFlight }] of parts) this.set({ part }, inFlight)
      },
    }),
  )
  const bytes = (direction: 'sent' | 'received', name: string, help: string) =>
    registry.registerMetric(
      new Counter({
        ...{ name, help, ...common },
        collect() {
          this.reset()
          for (const [part, counted] of parts) this.inc({ part }, counted[direction])
        },
      }),
    )
  bytes('sent', 'rockpool_http_response_bytes_total', 'Bytes of responses with their headers, by part of the server')
  bytes('received', 'rockpool_http_request_bytes_total', 'Bytes of requests with their headers, by part of the server')
  return (part) => {
    let counted = parts.get(part)
    if (!counted) parts.set(part, (counted = { inFlight: 0, received: 0, sent: 0 }))
    return counted
  }
}

/** One probe for all of them, which does not keep a scrape waiting. */
const storeGauges = (registry: Registry, store: Pick<ObjectStore, 'checkHealth' | 'mode'>): void => {
  const health = cached(
    () => store.checkHealth({ signal: AbortSignal.timeout(PROBE_MS) }).catch(() => undefined),
    KEEP_MS,
  )
  const gauge = (name: string, help: string, value: (health: StoreHealth | undefined) => number) =>
    registry.registerMetric(
      new Gauge({
        ...{ name, help, registers: [] },
        async collect() {
          this.set(value(await health()))
        },
      }),
    )
  gauge('rockpool_storage_ok', '1: the object store can be read', (state) => (state?.ok ? 1 : 0))
  gauge('rockpool_storage_full', '1: the object store has no room, writes fail', (state) => (state?.full ? 1 : 0))
  if (store.mode !== 'hybrid') return
  const pending = 'Hybrid: objects that S3 still lacks'
  gauge('rockpool_replication_pending', pending, (state) => state?.pending ?? Number.NaN)
  const degraded = '1: hybrid works, but cannot replicate to S3'
  gauge('rockpool_replication_failing', degraded, (state) => (state?.degraded ? 1 : 0))
}
