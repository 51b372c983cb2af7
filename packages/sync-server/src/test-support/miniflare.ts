/** The Worker of the tests in workerd. */
import path from 'node:path'
import type { Readable } from 'node:stream'
import { Miniflare } from 'miniflare'
import { bundleWorker } from './bundle-worker.ts'

export interface TestWorker {
  readonly origin: string
  /** Evicts the object of a store from memory; its WebSockets hibernate. */
  evict(storeId: string): Promise<void>
  /** what the Worker has logged */
  log(): string
  stop(): Promise<void>
}

export interface TestWorkerOptions {
  readonly bindings?: Readonly<Record<string, unknown>>
  /** any free port unless set */
  readonly port?: number
  /** folder of the Durable Objects; in memory unless set */
  readonly persist?: string
}

let bundled: Promise<string> | undefined

export const startWorker = async ({ bindings = {}, port = 0, persist }: TestWorkerOptions): Promise<TestWorker> => {
  let log = ''
  const listen = (output: Readable) => void output.on('data', (text) => (log += text))
  const miniflare = new Miniflare({
    name: 'sync',
    host: '127.0.0.1',
    port,
    modules: true,
    script: await (bundled ??= bundleWorker(path.join(import.meta.dirname, 'worker.ts'))),
    // Before 2026-04-07: the runtime does not answer Close frames by itself.
    compatibilityDate: '2026-01-01',
    compatibilityFlags: ['enable_request_signal'],
    durableObjects: {
      SYNC_BACKEND: { className: 'SyncBackend', useSQLite: true },
      LOGS: { className: 'LogObject', useSQLite: true },
    },
    ...(persist !== undefined && { durableObjectsPersist: persist }),
    bindings: JSON.parse(JSON.stringify(bindings)),
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      listen(stdout)
      listen(stderr)
    },
    cf: false,
    telemetry: { enabled: false },
  })
  const { origin } = await miniflare.ready
  return {
    origin,
    log: () => log,
    evict: (storeId) =>
      miniflare.unsafeEvictDurableObject('sync', 'SyncBackend', { name: storeId, webSockets: 'hibernate' }),
    stop: () => miniflare.dispose(),
  }
}
