import { memoryBlobStore, memorySigner } from '@rockpool/core/memory'
import { sendByFetch, upload } from '@rockpool/core/transfers'
import { buildRemoteKey, hashContent } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { shareDownload } from './shared-download.ts'

/** A shared download whose body stalls after its first chunk. */
const stalledDownload = async () => {
  const storage = memorySigner()
  const blob = new Blob([new Uint8Array(2_000)])
  const { address, digests, size } = await hashContent(blob.stream())
  const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
  await upload(
    { signer: storage.signer, send: sendByFetch(storage.fetch) },
    { remoteKey, type: 'text/plain', blob, size, digests },
    { signal: new AbortController().signal },
  )
  const stalled = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = async (_, init) => {
    let pulls = 0
    const source: UnderlyingDefaultSource = {
      start: (controller) => {
        init!.signal!.addEventListener('abort', () => controller.error(init!.signal!.reason))
      },
      pull(controller) {
        if (pulls++ === 0) return controller.enqueue(new Uint8Array(1_000))
        stalled.resolve()
        return new Promise(() => {})
      },
    }
    // Nothing is pulled that no reader waits for.
    const body = new ReadableStream(source, { highWaterMark: 0 })
    return new Response(body, { status: 206, headers: { 'content-range': `bytes 0-${size - 1}/${size}` } })
  }
  const shared = shareDownload({ signer: storage.signer, blobs: memoryBlobStore(), fetch }, remoteKey)
  return { shared, stalled: stalled.promise }
}

test('a reader that leaves while it waits for bytes ends the download', { timeout: 5_000 }, async () => {
  const { shared, stalled } = await stalledDownload()
  const reader = (await shared.join()).read({ start: 0, end: 2_000 }).getReader()
  await reader.read()
  const waiting = reader.read()
  await stalled
  await reader.cancel()
  expect(await waiting).toMatchObject({ done: true })
  await expect(shared.kept).rejects.toMatchObject({ code: 'aborted' })
})
