/** Downloads whose connection ends in the middle of a part, and those that go on from what they have left. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { equalBytes, type Hashing, sha256 } from '@rockpool/protocol'
import { expect, test, vi } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { storedContent } from '../../testing/stored-content.ts'
import { download, type DownloadOptions } from './download.ts'
import { downloadRange } from './download-range.ts'

const KiB = 1024
const PART = 100 * KiB
const hashing: Hashing = { partSize: PART, digest: sha256 }

/** Content in object storage, an empty disk, and the ranges that were requested. `change` makes another response. */
const withContent = async (size: number, change: (response: Response) => Promise<Response> = async (same) => same) => {
  const bytes = sampleBytes(size)
  const { storage, address, remoteKey } = await storedContent(bytes, hashing)
  const blobs = memoryBlobStore({ hashing })
  const requested: string[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const range = new Headers(init?.headers).get('range')
    if (!range) return storage.fetch(input, init)
    requested.push(range)
    return change(await storage.fetch(input, init))
  }
  const ports = { blobs, signer: storage.signer, fetch, hashing }
  const read = async (options?: DownloadOptions) => {
    const { stream, kept } = await download(ports, remoteKey, options)
    const received = await new Response(stream).bytes()
    await kept
    return received
  }
  return { bytes, address, blobs, ports, remoteKey, requested, read }
}

/** The response ends after `length` bytes. */
const cutAfter = (length: number) => async (response: Response) => {
  const { status, headers } = response
  return new Response((await response.bytes()).slice(0, length), { status, headers })
}

test('a line that is cut every 40 KiB ends a file of 250 KiB, and sends each byte once', async () => {
  const { read, bytes, requested, blobs, address } = await withContent(250 * KiB, cutAfter(40 * KiB))
  let received: Uint8Array | undefined
  while (!received) {
    expect(requested.length).toBeLessThan(10)
    received = await read().catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'offline' })
      return undefined
    })
  }
  expect(equalBytes(received, bytes)).toBe(true)
  expect(requested).toEqual([0, 40, 80, 120, 160, 200, 240].map((start) => `bytes=${start * KiB}-`))
  expect(await blobs.fragments(address)).toEqual([])
})

test('keeps what arrives while parts are read from disk, when the connection is cut by then', async () => {
  let cut = () => {}
  const { read, bytes, requested, blobs, address } = await withContent(250 * KiB, async (response) => {
    if (requested.length > 1) return response
    const { status, headers } = response
    const sent = (await response.bytes()).slice(0, 40 * KiB)
    const start = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      controller.enqueue(sent)
      // A stream that fails discards what was not read.
      cut = () => controller.error(new TypeError('cut'))
    }
    return new Response(new ReadableStream({ start }), { status, headers })
  })
  await blobs.writePart(address, 1, bytes.slice(0, PART))
  const { openPart } = blobs
  vi.spyOn(blobs, 'openPart').mockImplementation(async (...part) => {
    await nextTurn()
    cut()
    return openPart(...part)
  })
  await expect(read()).rejects.toMatchObject({ code: 'offline' })
  expect(equalBytes(await read(), bytes)).toBe(true)
  expect(requested).toEqual([100, 140].map((start) => `bytes=${start * KiB}-`))
})

test('a range goes on from the fragments of its parts', async () => {
  const { ports, remoteKey, bytes, requested, blobs, address } = await withContent(250 * KiB)
  await blobs.writeFragment(address, 2, 0, bytes.slice(PART, PART + 40 * KiB))
  const range = { start: PART - 1, end: 2 * PART }
  const { stream } = (await downloadRange(ports, remoteKey, range, {
    size: bytes.length,
    verify: 'parts',
    keep: true,
  }))!
  expect(equalBytes(await new Response(stream).bytes(), bytes.slice(PART - 1, 2 * PART))).toBe(true)
  expect(requested.at(-1)).toBe(`bytes=${PART + 40 * KiB}-${2 * PART - 1}`)
  expect(await blobs.parts(address)).toEqual([2])
})

test('damaged fragments are fetched again, and the reader gets nothing of them', async () => {
  const { read, bytes, requested, blobs, address } = await withContent(150 * KiB)
  await blobs.writeFragment(
    address,
    1,
    0,
    bytes.slice(0, 50 * KiB).map((byte) => byte ^ 1),
  )
  expect(equalBytes(await read(), bytes)).toBe(true)
  expect(requested).toEqual([`bytes=${50 * KiB}-`, `bytes=0-${150 * KiB - 1}`])
  expect(await blobs.fragments(address)).toEqual([])
  expect(await blobs.parts(address)).toEqual([1, 2])
})

test('wrong bytes from object storage are an error, with fragments too', async () => {
  const { read, bytes, blobs, address } = await withContent(150 * KiB, async ({ body, status, headers }) => {
    const sent = await new Response(body).bytes()
    return new Response(sent.fill(0), { status, headers })
  })
  await blobs.writeFragment(address, 1, 0, bytes.slice(0, 50 * KiB))
  await expect(read()).rejects.toMatchObject({ code: 'corrupt' })
  expect(await blobs.parts(address)).toEqual([])
})

test.each([
  ['CORS hides Content-Range', async ({ body, status }: Response) => new Response(body, { status }), 50, {}],
  ['the record lists another size', undefined, 50, { expectedSize: 81 * KiB }],
  ['the object store ignores ranges', async ({ body }: Response) => new Response(body), 0, {}],
  ['they are longer than the content', undefined, 90, {}],
])('fetches content of one part whole when %s', async (_, change, length, options) => {
  const { read, bytes, blobs, address } = await withContent(80 * KiB, change)
  await blobs.writeFragment(address, 1, 0, sampleBytes(length * KiB, 3))
  if ('expectedSize' in options) await expect(read(options)).rejects.toMatchObject({ code: 'size_mismatch' })
  else expect(equalBytes(await read(options), bytes)).toBe(true)
})
