/** Writes an event log with LiveStore's own sync-cf. */
import path from 'node:path'
import type { Readable } from 'node:stream'
import { Miniflare } from 'miniflare'
import { bundleWorker } from './bundle-worker.ts'

/** An event as sync-cf takes it. */
export interface SyncCfEvent {
  readonly name: string
  readonly args: unknown
  readonly seqNum: number
  readonly parentSeqNum: number
  readonly clientId: string
  readonly sessionId: string
}

const WORKER = path.join(import.meta.dirname, 'sync-cf-worker.ts')

/**
 * The options that today's deployment has, too: the object may be the same one.
 *
 * @param worker module of the Worker; sync-cf of this workspace unless set
 */
export const syncCfMiniflare = async (persist: string, worker = WORKER): Promise<Miniflare> =>
  new Miniflare({
    name: 'sync',
    host: '127.0.0.1',
    modules: true,
    script: await bundleWorker(worker),
    compatibilityDate: '2026-01-01',
    compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
    durableObjects: { SYNC_BACKEND: { className: 'SyncBackend', useSQLite: true } },
    durableObjectsPersist: persist,
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      stdout.resume()
      stderr.resume()
    },
    cf: false,
    telemetry: { enabled: false },
  })

/** Pushes events over the WebSocket of sync-cf, one after the other. @returns the backend id */
export const writeSyncCfLog = async (
  persist: string,
  storeId: string,
  events: readonly SyncCfEvent[],
): Promise<string> => {
  const miniflare = await syncCfMiniflare(persist)
  const { origin } = await miniflare.ready
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/?${new URLSearchParams({ storeId, transport: 'ws' })}`)
  const exits = new Map<string, (exit: { readonly _tag: string }) => void>()
  const backendId = Promise.withResolvers<string>()
  socket.addEventListener('message', ({ data }) => {
    for (const message of [JSON.parse(String(data))].flat()) {
      if (message._tag === 'Chunk') {
        const [{ backendId: id }] = message.values
        if (id !== undefined) backendId.resolve(id)
      }
      if (message._tag === 'Exit') exits.get(message.requestId)?.(message.exit)
    }
  })
  await new Promise((resolve) => void socket.addEventListener('open', resolve))
  const request = (id: string, tag: string, payload: object) =>
    socket.send(JSON.stringify({ _tag: 'Request', id, tag, payload: { storeId, ...payload }, headers: [] }))
  for (const event of events) {
    const id = String(event.seqNum)
    const pushed = new Promise<{ readonly _tag: string }>((resolve) => exits.set(id, resolve))
    request(id, 'SyncWsRpc.Push', { backendId: { _tag: 'None' }, batch: [event] })
    if ((await pushed)._tag !== 'Success') throw new Error(`sync-cf refused event ${id}.`)
  }
  request('0', 'SyncWsRpc.Pull', { live: false, cursor: { _tag: 'None' } })
  const id = await backendId.promise
  socket.close()
  await miniflare.dispose()
  return id
}
