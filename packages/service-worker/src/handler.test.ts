import { put } from '@rockpool/core'
import { memoryBlobStore, memoryIndex } from '@rockpool/core/memory'
import { storedContent } from '@rockpool/core/testing'
import { contentUrl } from '@rockpool/protocol'
import { expect, test, vi } from 'vitest'
import { contentDownloads } from './downloads.ts'
import { handleFileRequest, type HandlerPorts } from './handler.ts'
import { storeSessions } from './session-end.ts'
import { workerKeepAlive } from './keep-alive.ts'

const session = { id: 'session', storeId: 'reef', user: 'ada', signerUrl: 'https://signer.test', token: 't' } as const

test('a range reads session, index and disk side by side, and requests nothing before the session is known', async () => {
  const { storage, remoteKey } = await storedContent(new Uint8Array(9 * 1024 * 1024))
  const [blobs, index] = [memoryBlobStore(), memoryIndex()]
  await index.write([put('session', session)])
  const isSessionRead = Promise.withResolvers<void>()
  const { get } = index
  const gets = vi.spyOn(index, 'get').mockImplementation(async (table, key) => {
    if (table === 'session') await isSessionRead.promise
    return get(table, key)
  })
  const [parts, open] = [vi.spyOn(blobs, 'parts'), vi.spyOn(blobs, 'open')]
  const fetch = vi.fn(storage.fetch)
  const ports: HandlerPorts = {
    stores: { use: (storeId, work) => work({ storeId, blobs, index }) },
    sessions: storeSessions(),
    downloads: contentDownloads({ signer: () => storage.signer, fetch }),
    keepAlive: workerKeepAlive({ ping: async () => {} }),
  }
  const url = new URL(contentUrl({ remoteKey, name: 'reef.bin' }), 'https://app.test')
  const request = new Request(url, { headers: { range: 'bytes=1000-1999' } })
  const response = handleFileRequest(ports, request, () => {})
  await expect.poll(() => parts.mock.calls.length).toBe(1)
  expect(open).toHaveBeenCalledOnce()
  expect(gets.mock.calls.map(([table]) => table)).toEqual(['session', 'contents'])
  expect(fetch).not.toHaveBeenCalled()
  isSessionRead.resolve()
  expect((await (await response).bytes()).length).toBe(1_000)
  expect(gets).toHaveBeenCalledTimes(2)
})
