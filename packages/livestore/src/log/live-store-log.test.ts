import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeWsSync } from '@livestore/sync-cf/client'
import type { RecordLog } from '@rockpool/core'
import { type DeviceName, recordLogSuite } from '@rockpool/core/testing'
import { afterAll, beforeAll, vi } from 'vitest'
import type { EmbeddedSyncBackend } from '../sync-backend/embedded.ts'
import { cuttable, openClient, startTestBackend, tokenFor } from '../testing/clients.ts'
import { liveStoreLog } from './live-store-log.ts'

vi.setConfig({ testTimeout: 30_000 })

let backend: EmbeddedSyncBackend
beforeAll(async () => {
  backend = await startTestBackend()
})
afterAll(() => backend.stop())

let stores = 0

recordLogSuite('LiveStore, through the sync backend', async () => {
  const storeId = `suite${++stores}`
  const token = await tokenFor(storeId)
  const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-log-'))
  const line = { a: cuttable(makeWsSync({ url: backend.url })), b: cuttable(makeWsSync({ url: backend.url })) }
  const shutdowns = new Map<DeviceName, () => Promise<void>>()

  const open = async (device: DeviceName): Promise<RecordLog> => {
    const own = path.join(folder, device)
    const store = await openClient({ storeId, clientId: device, sync: line[device].connection, token, folder: own })
    shutdowns.set(device, () => store.shutdownPromise().catch(() => undefined))
    return liveStoreLog({ store, removeData: () => rm(own, { recursive: true }) })
  }

  return {
    storeId,
    open,
    async reopen(device) {
      await shutdowns.get(device)!()
      return open(device)
    },
    disconnect: async (device) => line[device].cut(),
    connect: async (device) => line[device].join(),
    async [Symbol.asyncDispose]() {
      for (const shutdown of shutdowns.values()) await shutdown()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
