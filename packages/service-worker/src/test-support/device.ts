/** A device of the worker's tests: the real disk of a browser, and an object store in memory that can fail. */
import { put, type SessionRow } from '@rockpool/core'
import { memorySigner } from '@rockpool/core/memory'
import { activityChannel, type ActivityMessage, contentRow, upload } from '@rockpool/core/transfers'
import { indexedDbIndex, opfsBlobStoreDirect } from '@rockpool/opfs'
import { buildRemoteKey, contentUrl, hashContent, sha256, toHex } from '@rockpool/protocol'
import { onTestFinished } from 'vitest'
import { contentDownloads, type RangePolicy } from '../downloads.ts'
import { handleFileRequest } from '../handler.ts'
import { storeSessions } from '../session-end.ts'
import { deviceStores } from '../stores.ts'
import { workerKeepAlive } from '../keep-alive.ts'

export type Device = Awaited<ReturnType<typeof setUp>>

/** A store of this browser, as a page leaves it, and the worker's handler. */
export const setUp = async (ranges?: RangePolicy) => {
  const store = `test-${crypto.randomUUID()}`
  const [index, blobs] = [await indexedDbIndex({ storeId: store }), await opfsBlobStoreDirect({ storeId: store })]
  onTestFinished(async () => {
    await index.erase()
    await blobs.erase()
  })
  const session: SessionRow = {
    id: 'session',
    storeId: store,
    user: 'ada',
    signerUrl: 'https://signer.test',
    token: 't',
  }
  await index.write([put('session', session)])

  const memory = memorySigner()
  const remote = Object.assign(memory, { gets: 0, ranges: [] as string[] })
  const countingFetch: typeof fetch = (input, init) => {
    remote.gets++
    const range = new Headers(init?.headers).get('range')
    if (range) remote.ranges.push(range)
    return memory.fetch(input, init)
  }
  const ports = {
    stores: deviceStores(),
    sessions: storeSessions(),
    downloads: contentDownloads({ signer: () => memory.signer, fetch: countingFetch, ...(ranges && { ranges }) }),
    keepAlive: workerKeepAlive({ ping: async () => {} }),
  }
  const alive: Promise<unknown>[] = []

  return {
    store,
    index,
    blobs,
    remote,
    signOut: () => index.write([{ table: 'session', key: 'session', change: () => undefined }]),
    /** A request as the worker gets it. */
    get(url: string, { destination = '', ...init }: RequestInit & { readonly destination?: string } = {}) {
      const request = new Request(url, init)
      Object.defineProperty(request, 'destination', { value: destination })
      return handleFileRequest(ports, request, (work) => alive.push(work))
    },
    /** Writes content to this disk, as `pool.add` does. */
    async keep(text: string) {
      const content = await blobs.write(new Blob([text]))
      const { address } = content
      const remoteKey = buildRemoteKey({ storeId: store, bucket: 'files', address })
      await index.write([contentRow(content, Date.now())])
      const url = (named: { readonly name?: string; readonly type?: string } = {}) =>
        contentUrl({ remoteKey, name: 'file', ...named })
      return { address, remoteKey, url }
    },
    kept: {
      /** Uploads content from elsewhere. */
      async inObjectStore(bytes: Uint8Array<ArrayBuffer>) {
        const blob = new Blob([bytes])
        const { address, size, digests } = await hashContent(blob.stream())
        const remoteKey = buildRemoteKey({ storeId: store, bucket: 'files', address })
        const job = { remoteKey, type: 'text/plain', blob, size, digests }
        const send = async (target: string, headers: Readonly<Record<string, string>>, body: Blob) => {
          const { status } = await memory.fetch(target, { method: 'PUT', headers, body })
          return { status, etag: null }
        }
        await upload({ signer: memory.signer, send }, job, { signal: new AbortController().signal })
        return { url: contentUrl({ remoteKey, name: 'file', type: 'text/plain' }), bytes, address, digests }
      },
      /** All that the worker was to live for has happened. */
      settled: () => Promise.all(alive),
    },
  }
}

/** What the tabs of a store hear of downloads. */
export const listen = (store: string): ActivityMessage[] => {
  const told: ActivityMessage[] = []
  const channel = activityChannel(store)
  channel.onmessage = ({ data }: MessageEvent<ActivityMessage>) => told.push(data)
  onTestFinished(() => channel.close())
  return told
}

/** Puts other bytes into the file of content, as a failing disk does. */
export const overwrite = async (store: string, address: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
  const root = await navigator.storage.getDirectory()
  const contents = await (await root.getDirectoryHandle(`rockpool-${store}`)).getDirectoryHandle('contents')
  const writable = await (await contents.getFileHandle(address)).createWritable()
  await writable.truncate(0)
  await writable.write(bytes)
  await writable.close()
}

export const noise = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

export const sha = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => toHex(await sha256(bytes))
