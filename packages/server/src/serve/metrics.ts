/** The metrics of `/metrics`, for Prometheus. */
import type { ServerResponse } from 'node:http'
import type { ObjectStore } from '@rockpool/object-store'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CollectReport } from '../gc/collect.ts'
import { VERSION } from '../version.ts'
import type { Route } from './route.ts'

export interface Metrics {
  /** Counts a call from now until its response is sent, or its connection is cut. */
  call(part: Route['part'], method: string, outgoing: ServerResponse): void
  /** Counts a WebSocket until `socket` closes. */
  connected(socket: { once(event: 'close', listener: () => void): unknown }): void
  collected(outcome: CollectReport | Error): void
  /** Responds with the text format 0.0.4. */
  respond(outgoing: ServerResponse): Promise<void>
}

/** Seconds: from a cache hit to an upload of a part over a slow connection. */
const DURATIONS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300]

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
  const inFlight = new Gauge({
    name: 'rockpool_http_requests_in_flight',
    help: 'Calls under way, by part of the server',
    labelNames: ['part'],
    registers,
  })
  const sent = new Counter({
    name: 'rockpool_http_response_bytes_total',
    help: 'Bytes of responses with their headers, by part of the server',
    labelNames: ['part'],
    registers,
  })
  const connections = new Gauge({ name: 'rockpool_sync_connections', help: 'Open WebSockets of sync', registers })
  const runs = new Counter({
    name: 'rockpool_gc_runs_total',
    help: 'Garbage collections of one store, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const deleted = new Counter({ name: 'rockpool_gc_deleted_objects_total', help: 'Contents deleted', registers })
  const freed = new Counter({ name: 'rockpool_gc_deleted_bytes_total', help: 'Bytes of deleted contents', registers })
  if (store.mode === 'hybrid') {
    registry.registerMetric(
      new Gauge({
        name: 'rockpool_replication_pending',
        help: 'Hybrid: objects that S3 still lacks',
        registers: [],
        async collect() {
          this.set((await store.checkHealth()).pending ?? 0)
        },
      }),
    )
  }

  return {
    call(part, method, outgoing) {
      const end = duration.startTimer({ part, method: METHODS.has(method) ? method : 'other' })
      const { socket } = outgoing
      const before = socket?.bytesWritten ?? 0
      inFlight.inc({ part })
      outgoing.once('close', () => {
        inFlight.dec({ part })
        sent.inc({ part }, Math.max(0, (socket?.bytesWritten ?? 0) - before))
        end({ status: outgoing.writableFinished ? outgoing.statusCode : 499 })
      })
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
    async respond(outgoing) {
      const text = await registry.metrics()
      outgoing.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' })
      outgoing.end(text)
    },
  }
}
