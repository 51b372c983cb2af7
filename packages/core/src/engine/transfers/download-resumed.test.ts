/** A download of which parts are on disk already, where object storage, the record or the disk says something wrong. */
import { type Hashing, sha256 } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { storedContent } from '../../testing/stored-content.ts'
import { download } from './download.ts'

const PART = 1_000
const SIZE = 1_500
const hashing: Hashing = { partSize: PART, digest: sha256 }

/** Two parts in object storage, the last one on disk. `contentRange` changes what the response says. */
const withLastPartOnDisk = async (contentRange: string | undefined) => {
  const bytes = crypto.getRandomValues(new Uint8Array(SIZE))
  const { storage, address, remoteKey } = await storedContent(bytes, hashing)
  const blobs = memoryBlobStore({ hashing })
  await blobs.writePart(address, 2, bytes.slice(PART))
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await storage.fetch(input, init)
    if (response.status !== 206) return response
    return new Response(response.body, { status: 206, headers: contentRange ? { 'content-range': contentRange } : {} })
  }
  return { ports: { blobs, signer: storage.signer, fetch, hashing }, remoteKey, bytes, blobs, address }
}

test.each([
  ['the record, where CORS hides Content-Range', undefined, { expectedSize: SIZE - 100 }],
  ['the response', `bytes 0-999/${SIZE - 100}`, {}],
])('a size that is too small by %s is no clean end when the last part is on disk', async (_, contentRange, options) => {
  const { ports, remoteKey } = await withLastPartOnDisk(contentRange)
  const { stream, kept } = await download(ports, remoteKey, options)
  await expect(new Response(stream).bytes()).rejects.toMatchObject({ code: 'size_mismatch' })
  await expect(kept).rejects.toMatchObject({ code: 'size_mismatch' })
})

test('a size that is too large ends in an error when the last part is on disk', async () => {
  const { ports, remoteKey } = await withLastPartOnDisk(`bytes 0-999/${SIZE + 100}`)
  const { stream } = await download(ports, remoteKey)
  await expect(new Response(stream).bytes()).rejects.toMatchObject({ code: 'size_mismatch' })
})

test('goes on from object storage when a part on disk is damaged and CORS hides Content-Range', async () => {
  const { ports, remoteKey, bytes, blobs, address } = await withLastPartOnDisk(undefined)
  await blobs.delete(address)
  await blobs.writePart(
    address,
    2,
    bytes.slice(PART).map((byte) => byte ^ 1),
  )
  const { stream } = await download(ports, remoteKey, { expectedSize: SIZE })
  expect(await new Response(stream).bytes()).toEqual(bytes)
})

test('a part whose file another tab has moved is fetched', async () => {
  const { ports, remoteKey, bytes } = await withLastPartOnDisk(undefined)
  const moved = new Blob([bytes.slice(PART)])
  moved.arrayBuffer = () => Promise.reject(new DOMException('moved', 'NotReadableError'))
  const blobs = { ...ports.blobs, openPart: async () => moved }
  const { stream } = await download({ ...ports, blobs }, remoteKey, { expectedSize: SIZE })
  expect(await new Response(stream).bytes()).toEqual(bytes)
})
