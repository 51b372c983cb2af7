import { put, remove, webPlatform } from '@rockpool/core'
import { memoryBlobStore, memoryIndex } from '@rockpool/core/memory'
import { storedContent } from '@rockpool/core/testing'
import { refetchPinned } from '@rockpool/core/transfers'
import { hashContent, type Hashing, sha256 } from '@rockpool/protocol'
import { expect, test, vi } from 'vitest'
import { contentDownloads } from './downloads.ts'

const PART = 1_000
const SIZE = 20 * PART
const hashing: Hashing = { partSize: PART, digest: sha256 }
const session = { id: 'session', storeId: 'reef', user: 'ada', signerUrl: 'https://signer.test', token: 't' } as const
const ended = new AbortController().signal

test('with fill "all" one reader fills the disk, however many ranges are read', async () => {
  const platform = { ...webPlatform, hashing }
  const { storage, address, remoteKey } = await storedContent(crypto.getRandomValues(new Uint8Array(SIZE)), hashing)
  // The download of the whole waits for its second half.
  const rest = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await storage.fetch(input, init)
    if (Number(response.headers.get('content-length')) !== SIZE) return response
    const bytes = await response.bytes()
    const halves = [bytes.slice(0, SIZE / 2), bytes.slice(SIZE / 2)]
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (halves.length === 1) await rest.promise
          const half = halves.shift()
          if (half) controller.enqueue(half)
          else controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { status: response.status, headers: response.headers })
  }
  const blobs = memoryBlobStore({ hashing })
  const index = memoryIndex()
  const openPart = vi.spyOn(blobs, 'openPart')
  const downloads = contentDownloads({ signer: () => storage.signer, fetch, platform, ranges: { fill: 'all' } })
  const work: Promise<unknown>[] = []
  const read = async (start: number) => {
    const range = { start, end: start + 10 }
    const store = { storeId: 'reef', blobs, index }
    const waitUntil = (one: Promise<unknown>) => work.push(one)
    const missed = { store, session, ended, remoteKey, row: undefined, present: await blobs.parts(address), waitUntil }
    const started = await downloads.range(missed, range, SIZE)
    await new Response(started!.stream).arrayBuffer()
  }
  await read(15_100)
  await expect.poll(() => blobs.parts(address)).toContain(9)
  for (const start of [16_100, 17_100, 18_100]) await read(start)
  rest.resolve()
  for (let at = 0; at < work.length; at++) await work[at]
  expect(openPart).not.toHaveBeenCalled()
  expect((await blobs.open(address))?.size).toBe(SIZE)
})

test('content whose first part is deleted while the others arrive is not listed; its queued download stays', async () => {
  const platform = { ...webPlatform, hashing }
  const bytes = crypto.getRandomValues(new Uint8Array(3 * PART))
  const { storage, address, remoteKey } = await storedContent(bytes, hashing)
  const disk = memoryBlobStore({ hashing })
  let isCut = false
  const writePart: typeof disk.writePart = async (...part) => {
    if (part[1] === 2 && !isCut) {
      isCut = true
      await disk.delete(address)
    }
    await disk.writePart(...part)
  }
  const index = memoryIndex()
  const row = { ...(await hashContent(new Blob([bytes]).stream(), hashing)), writtenAt: 0, pinned: true }
  await index.write([put('contents', row), refetchPinned(remoteKey, 0), remove('contents', address)])
  const store = { storeId: 'reef', blobs: { ...disk, writePart }, index }
  const downloads = contentDownloads({ signer: () => storage.signer, fetch: storage.fetch, platform })
  const listed = async () => ({
    content: (await index.get('contents', address))?.size,
    download: (await index.get('transfers', `download:${remoteKey}`))?.state,
  })
  const read = async () => {
    const work: Promise<unknown>[] = []
    const waitUntil = (one: Promise<unknown>) => work.push(one)
    const reader = await downloads.join({ store, session, ended, remoteKey, row: undefined, waitUntil })
    expect(await new Response(reader.read({ start: 0, end: reader.size })).bytes()).toEqual(bytes)
    await Promise.all(work)
  }
  await read()
  expect(await listed()).toEqual({ content: undefined, download: 'waiting' })
  await read()
  expect(await listed()).toEqual({ content: 3 * PART, download: undefined })
})
