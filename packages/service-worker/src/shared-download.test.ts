import { memoryBlobStore } from '@rockpool/core/memory'
import { storedContent } from '@rockpool/core/testing'
import { type Hashing, sha256 } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { shareDownload } from './shared-download.ts'

const PART = 1_000
const hashing: Hashing = { partSize: PART, digest: sha256 }

/** A shared download whose body stalls after its first chunk. */
const stalledDownload = async () => {
  const { storage, remoteKey, size } = await storedContent(new Uint8Array(2_000))
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
  const bytes = crypto.getRandomValues(new Uint8Array(20 * PART))
  const { storage, remoteKey, size } = await storedContent(bytes, hashing)
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

/** Content of six parts in object storage. */
const sixParts = async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(6 * PART))
  const { storage, remoteKey, size } = await storedContent(bytes, hashing)
  const requested: (string | null)[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    requested.push(new Headers(init?.headers).get('range'))
    return storage.fetch(input, init)
  }
  return { storage, bytes, remoteKey, size, fetch, requested }
}

const readBytes = async (reader: ReadableStreamDefaultReader<Uint8Array>, count: number) => {
  for (let got = 0; got < count;) got += (await reader.read()).value!.length
}

test('bytes stay in memory until their part is on disk', async () => {
  const { storage, remoteKey, size, fetch, requested } = await sixParts()
  const inner = memoryBlobStore({ hashing })
  const disk = Promise.withResolvers<void>()
  const blobs = {
    ...inner,
    writePart: (...args: Parameters<typeof inner.writePart>) => disk.promise.then(() => inner.writePart(...args)),
  }
  const shared = shareDownload({ signer: storage.signer, blobs, fetch, hashing }, remoteKey)
  const [slow, quick] = await Promise.all([shared.join(), shared.join()])
  // The disk is slow: no part is written yet when the quick reader has read three.
  await readBytes(quick.read({ start: 0, end: size }).getReader(), 3 * PART)
  const before = requested.length
  const standing = slow.read({ start: 0, end: size }).getReader()
  await standing.read()
  expect(requested.length).toBe(before)
  disk.resolve()
})

test('a part whose file moves while it is read ends the reader with a typed error', async () => {
  const { storage, remoteKey, size, fetch } = await sixParts()
  const inner = memoryBlobStore({ hashing })
  const gone = new Blob([new Uint8Array(PART)])
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('moved', 'NotReadableError')) }) as never
  const blobs = { ...inner, openPart: async () => gone }
  const shared = shareDownload({ signer: storage.signer, blobs, fetch, hashing }, remoteKey)
  const [slow, quick] = await Promise.all([shared.join(), shared.join()])
  await readBytes(quick.read({ start: 0, end: size }).getReader(), 5 * PART)
  const read = new Response(slow.read({ start: 0, end: 500 })).bytes()
  await expect(read).rejects.toMatchObject({ code: 'disk_failed' })
})
