import { addressOfKey, DIGEST_SIZE, PART_SIZE } from '@rockpool/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { memoryBlobStore, type memorySigner } from '../../memory/index.ts'
import { download, type DownloadOptions } from './download.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { storedContent } from '../../testing/stored-content.ts'

afterEach(() => void vi.useRealTimers())

/** An object store that has content, and an empty disk. */
const withContent = async (size: number) => {
  const bytes = Buffer.alloc(size)
  bytes.fill(7, Math.max(0, size - 5))
  const { storage, remoteKey } = await storedContent(new Uint8Array(bytes))
  const blobs = memoryBlobStore()
  const start = (options?: DownloadOptions) =>
    download({ blobs, signer: storage.signer, fetch: storage.fetch }, remoteKey, options)
  return { storage, blobs, remoteKey, bytes, start }
}

const readAll = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

test.each([0, 5, PART_SIZE, 2 * PART_SIZE + 5])('%i bytes come to the reader and to disk', async (size) => {
  const { start, bytes, blobs, remoteKey } = await withContent(size)
  const { stream, kept } = await start()
  expect(bytes.equals(await readAll(stream))).toBe(true)
  expect(await kept).toMatchObject({ address: addressOfKey(remoteKey), size })
  expect((await blobs.open(addressOfKey(remoteKey)))!.size).toBe(size)
})

test('parts on disk are not fetched again', async () => {
  const { storage, bytes, blobs, remoteKey } = await withContent(2 * PART_SIZE + 5)
  await blobs.writePart(addressOfKey(remoteKey), 1, new Uint8Array(bytes.subarray(0, PART_SIZE)))
  await blobs.writePart(addressOfKey(remoteKey), 3, new Uint8Array(bytes.subarray(2 * PART_SIZE)))
  const asked: (string | null)[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    asked.push(new Headers(init?.headers).get('range'))
    return storage.fetch(input, init)
  }
  const { stream } = await download({ blobs, signer: storage.signer, fetch }, remoteKey)
  expect(bytes.equals(await readAll(stream))).toBe(true)
  expect(asked).toEqual([null, `bytes=${PART_SIZE}-${2 * PART_SIZE - 1}`]) // the digest list, then the second part
})

test.each(['request', 'body'] as const)(
  'a %s on which nothing comes for 30 s is given up (peer failure 16)',
  async (stall) => {
    const { start, storage } = await withContent(2 * PART_SIZE)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    storage.faults.stall = stall
    let failure: unknown
    const reading = start().then(({ stream }) => readAll(stream))
    reading.catch((error: unknown) => (failure = error))
    while (!failure) {
      await vi.advanceTimersByTimeAsync(30_000)
      await new Promise((turned) => setImmediate(turned))
    }
    expect(failure).toMatchObject({ code: 'storage_unavailable' })
    storage.faults.stall = undefined
    vi.useRealTimers()
    await readAll((await start()).stream)
  },
)

test('a reader that stands still is no stall', async () => {
  const { start, bytes } = await withContent(PART_SIZE + 5)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { stream } = await start()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(bytes.equals(await readAll(stream))).toBe(true)
})

test('rejects `kept` when a download without a reader is stopped', async () => {
  const { start } = await withContent(PART_SIZE)
  const stop = new AbortController()
  const { stream, kept } = await start({ signal: stop.signal })
  stop.abort()
  await expect(kept).rejects.toMatchObject({ code: 'aborted' })
  await expect(readAll(stream)).rejects.toMatchObject({ code: 'aborted' })
})

test('a URL that has expired on the way is signed again, once', async () => {
  const { remoteKey, storage, blobs } = await withContent(5)
  const answering = (refusals: number) => {
    let asked = 0
    const refusing: typeof fetch = async (...args) =>
      ++asked <= refusals ? new Response(null, { status: 403 }) : storage.fetch(...args)
    return { read: () => download({ blobs, signer: storage.signer, fetch: refusing }, remoteKey), asked: () => asked }
  }
  const always = answering(Infinity)
  await expect(always.read()).rejects.toMatchObject({ code: 'forbidden' })
  expect(always.asked()).toBe(2)
  expect((await readAll((await answering(1).read()).stream)).length).toBe(5)
})

test('content of another size than expected is refused, and what is on disk stays', async () => {
  const { start, blobs, bytes } = await withContent(5)
  await expect(start({ expectedSize: 4 })).rejects.toMatchObject({ code: 'size_mismatch' })
  await blobs.write(new Blob([bytes]))
  await expect(start({ expectedSize: 6 })).rejects.toMatchObject({ code: 'size_mismatch' })
  const { source, stream } = await start({ expectedSize: 5 })
  expect(source).toBe('disk')
  expect((await readAll(stream)).length).toBe(5)
})

test('a page that something on the way answers with does not put the blame on the record', async () => {
  const { storage, blobs, remoteKey } = await withContent(5)
  const page = new Blob(['<html>Sign in'], { type: 'text/html' })
  const fetch: typeof globalThis.fetch = async () =>
    new Response(page, { headers: { 'content-length': String(page.size) } })
  const ports = { blobs, signer: storage.signer, fetch }
  await expect(download(ports, remoteKey, { expectedSize: 5 })).rejects.toMatchObject({ code: 'corrupt' })
  expect(await blobs.list()).toEqual([])
})

/** Content of five bytes, of which the disk gives another last one. */
const withDamagedContent = async () => {
  const content = await withContent(5)
  const { address } = await content.blobs.write(new Blob([content.bytes]))
  const disk = failingDisk(content.blobs)
  await disk.damage(content.remoteKey, flipLastBit)
  return { ...content, address, disk, ports: { ...content.storage, blobs: disk.blobs } }
}

test.each<[string, string, (storage: ReturnType<typeof memorySigner>) => void]>([
  ['object storage does not have it', 'corrupt', (storage) => storage.objects.clear()],
  ['the signer cannot be asked', 'offline', (storage) => void (storage.faults.offline = true)],
])('damaged content on this disk is kept aside when %s', async (_, code, fault) => {
  const { storage, ports, disk, remoteKey, address } = await withDamagedContent()
  fault(storage)
  for (let times = 0; times < 2; times++) await expect(download(ports, remoteKey)).rejects.toMatchObject({ code })
  expect(await disk.blobs.isQuarantined(address)).toBe(true)
})

test('damaged content on this disk is replaced from object storage', async () => {
  const { ports, disk, remoteKey, bytes, address } = await withDamagedContent()
  const { source, stream, kept } = await download(ports, remoteKey)
  expect(source).toBe('remote')
  expect(bytes.equals(await readAll(stream))).toBe(true)
  await kept
  expect((await disk.blobs.open(address))!.size).toBe(5)
})

test('stops reading a digest list at the first excess byte', async () => {
  const { storage, blobs, remoteKey } = await withContent(PART_SIZE + 5)
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent++
      controller.enqueue(new Uint8Array(64))
    },
  })
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await storage.fetch(input, init)
    return Number(response.headers.get('content-length')) === 2 * DIGEST_SIZE ? new Response(endless) : response
  }
  const reading = download({ blobs, signer: storage.signer, fetch }, remoteKey)
  await expect(reading).rejects.toMatchObject({ code: 'storage_suspect' })
  expect(sent).toBeLessThan(5)
})

const without = (headers: Headers, name: string): Record<string, string> =>
  Object.fromEntries([...headers].filter(([other]) => other !== name))

/** Proxies that change responses: public-reports/07. */
test.each<[string, number, Partial<DownloadOptions>, (response: Response) => Response]>([
  [
    'without a length',
    PART_SIZE + 5,
    {},
    ({ body, headers }) => new Response(body, { status: 206, headers: without(headers, 'content-length') }),
  ],
  [
    'with the length of a compressed body',
    5,
    {},
    ({ body, headers }) =>
      new Response(body, { status: 206, headers: { ...without(headers, 'content-length'), 'content-length': '3' } }),
  ],
  ['that ignore the range', 5, {}, ({ body }) => new Response(body)],
  [
    'that ignore the range of content with several parts',
    PART_SIZE + 5,
    { expectedSize: PART_SIZE + 5 },
    ({ body }) => new Response(body),
  ],
  [
    'with a hidden Content-Range',
    PART_SIZE + 5,
    { expectedSize: PART_SIZE + 5 },
    ({ body }) => new Response(body, { status: 206 }),
  ],
])('responses %s (%i bytes) are read whole', async (_, size, options, change) => {
  const { storage, blobs, remoteKey, bytes } = await withContent(size)
  const fetch: typeof globalThis.fetch = async (...args) => change(await storage.fetch(...args))
  const { stream, kept } = await download({ blobs, signer: storage.signer, fetch }, remoteKey, options)
  expect(bytes.equals(await readAll(stream))).toBe(true)
  expect(await kept).toMatchObject({ size })
})

test('a range that the object store ignores needs the size of the record', async () => {
  const { storage, blobs, remoteKey } = await withContent(PART_SIZE + 5)
  const fetch: typeof globalThis.fetch = async (...args) => new Response((await storage.fetch(...args)).body)
  const reading = download({ blobs, signer: storage.signer, fetch }, remoteKey)
  await expect(reading).rejects.toMatchObject({ code: 'storage_unavailable' })
})

test('a body that ends early is an error, and the parts before it stay', async () => {
  const { storage, blobs, remoteKey } = await withContent(PART_SIZE + 5)
  const fetch: typeof globalThis.fetch = async (...args) => {
    const { body, headers, status } = await storage.fetch(...args)
    const bytes = new Uint8Array(await new Response(body).arrayBuffer())
    return new Response(bytes.slice(0, bytes.length === PART_SIZE + 5 ? -1 : undefined), { status, headers })
  }
  const { stream, kept } = await download({ blobs, signer: storage.signer, fetch }, remoteKey)
  await expect(readAll(stream)).rejects.toMatchObject({ code: 'offline' })
  await expect(kept).rejects.toMatchObject({ code: 'offline' })
  expect(await blobs.parts(addressOfKey(remoteKey))).toEqual([1])
})

test('asks the signer once for the content and its digest list', async () => {
  const { storage, blobs, remoteKey } = await withContent(PART_SIZE + 5)
  const downloadUrl = vi.fn(storage.signer.downloadUrl)
  const { stream } = await download({ blobs, signer: { downloadUrl }, fetch: storage.fetch }, remoteKey)
  await readAll(stream)
  expect(downloadUrl).toHaveBeenCalledTimes(1)
})
