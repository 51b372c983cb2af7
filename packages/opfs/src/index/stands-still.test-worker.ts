/** A tab whose thread stands still just after it has asked for the changes of a write: it gets no event of the transaction. */
import { put } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { indexedDbIndex } from './indexed-db-index.ts'

/** Until the test ends this worker; long before Chromium ends the transaction by itself (ms). */
const STILL_MS = 30_000

/** Microtasks that the write gets before; it takes two. */
const TURNS = 100

addEventListener('message', async ({ data: storeId }: MessageEvent<string>) => {
  const index = await indexedDbIndex({ storeId })
  const { put: original } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = function (...args) {
    const request = original.apply(this, args)
    const stand = async () => {
      for (let turn = 0; turn < TURNS; turn++) await undefined
      postMessage('stands still')
      for (const until = performance.now() + STILL_MS; performance.now() < until;);
      postMessage('runs again')
    }
    void stand()
    return request
  }
  await index.write([put('files', { id: 'a', name: 'a', type: '', size: 1, remoteKey: '' as RemoteKey })])
})
