import { webPlatform } from '@rockpool/core'
import { memoryBlobStore, memorySigner } from '@rockpool/core/memory'
import { sendByFetch, upload } from '@rockpool/core/transfers'
import { buildRemoteKey, hashContent, type Hashing, sha256 } from '@rockpool/protocol'
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

test('a slow and a quick reader both get all of it when the disk is full', async () => {
  const hashing: Hashing = { partSize: 1_000, digest: sha256 }
  const storage = memorySigner({ platform: { ...webPlatform, hashing } })
  const bytes = crypto.getRandomValues(new Uint8Array(20_000))
  const blob = new Blob([bytes])
  const { address, digests, size } = await hashContent(blob.stream(), hashing)
  const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
  await upload(
    { signer: storage.signer, send: sendByFetch(storage.fetch), hashing },
    { remoteKey, type: 'text/plain', blob, size, digests },
    { signal: new AbortController().signal },
  )
  const blobs = memoryBlobStore({ hashing, quota: 0 })
  const shared = shareDownload({ signer: storage.signer, blobs, fetch: storage.fetch, hashing }, remoteKey)
  const readers = await Promise.all([shared.join(), shared.join()])
  const [slow, quick] = readers.map((reader) => reader.read({ start: 0, end: size })) as [
    ReadableStream,
    ReadableStream,
  ]
  const standing = slow.getReader()
  const got: number[] = [...(await standing.read()).value]
  expect(await new Response(quick).bytes()).toEqual(bytes)
  for (let next = await standing.read(); !next.done; next = await standing.read()) got.push(...next.value)
  expect(new Uint8Array(got)).toEqual(bytes)
  await expect(shared.kept).rejects.toMatchObject({ code: 'quota_exceeded' })
})
