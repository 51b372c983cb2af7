import { type ByteRange, type Hashing, sha256 } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { storedContent } from '../../testing/stored-content.ts'
import { downloadRange, type RangeOptions } from './download-range.ts'

const PART = 1_000
const SIZE = 3_500
const hashing: Hashing = { partSize: PART, digest: sha256 }

/** An object store that has content of four parts, and an empty disk. */
const withContent = async (faults: { readonly wrongByteAt?: number } = {}) => {
  const bytes = crypto.getRandomValues(new Uint8Array(SIZE))
  const { storage, address, remoteKey } = await storedContent(bytes, hashing)
  const { wrongByteAt = -1 } = faults
  const sent = new Blob([bytes.map((byte, at) => (at === wrongByteAt ? byte ^ 1 : byte))])
  storage.objects.set(remoteKey, { bytes: sent, type: 'text/plain' })
  const blobs = memoryBlobStore({ hashing })
  const requested: (string | null)[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    requested.push(new Headers(init?.headers).get('range'))
    return storage.fetch(input, init)
  }
  const start = (range: ByteRange, options: Partial<RangeOptions> = {}) =>
    downloadRange({ blobs, signer: storage.signer, fetch, hashing }, remoteKey, range, {
      verify: 'parts',
      keep: true,
      ...options,
    })
  return { storage, blobs, remoteKey, address, bytes, requested, start }
}

const readAll = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

test.each([
  ['of which the size is known', SIZE],
  ['of which the size is not known', undefined],
])('fetches the range of a content %s, and nothing else', async (_, size) => {
  const { start, bytes, requested, blobs, address } = await withContent()
  const range = (await start({ start: 2_100, end: 2_200 }, size === undefined ? {} : { size }))!
  expect(range).toMatchObject({ size: SIZE, span: { start: 2_100, end: 2_200 }, isVerified: false })
  expect(await readAll(range.stream)).toEqual(bytes.slice(2_100, 2_200))
  expect(await range.kept).toEqual({ content: undefined })
  expect(requested).toEqual(['bytes=2100-2199'])
  expect(await blobs.parts(address)).toEqual([])
})

test('verifies and keeps the parts that lie in the range', async () => {
  const { start, bytes, blobs, address } = await withContent()
  const range = (await start({ start: 900 }, { size: SIZE }))!
  expect(range.isVerified).toBe(false)
  expect(await readAll(range.stream)).toEqual(bytes.slice(900))
  expect(await range.kept).toMatchObject({ content: { address, size: SIZE } })
  expect(await blobs.parts(address)).toEqual([2, 3, 4])
})

test('keeps nothing when told so', async () => {
  const { start, blobs, address } = await withContent()
  const range = (await start({ start: 900 }, { size: SIZE, keep: false }))!
  await readAll(range.stream)
  await range.kept
  expect(await blobs.parts(address)).toEqual([])
})

test('reads the parts that are here from disk, and requests what is around them', async () => {
  const { start, bytes, requested, blobs, address } = await withContent()
  await blobs.writePart(address, 2, bytes.slice(PART, 2 * PART))
  const range = (await start({ start: 500, end: 2_500 }, { size: SIZE }))!
  expect(await readAll(range.stream)).toEqual(bytes.slice(500, 2_500))
  expect(requested).toEqual(['bytes=500-999', 'bytes=2000-2499'])
})

test('needs no network for what is here', async () => {
  const { start, bytes, requested, blobs, address, storage } = await withContent()
  await blobs.writePart(address, 2, bytes.slice(PART, 2 * PART))
  storage.faults.offline = true
  const range = (await start({ start: 1_500, end: 1_600 }, { size: SIZE }))!
  expect(range.isVerified).toBe(true)
  expect(await readAll(range.stream)).toEqual(bytes.slice(1_500, 1_600))
  expect(requested).toEqual([])
})

test('moves a part on disk aside that has another length', async () => {
  const { start, bytes, blobs, address } = await withContent()
  await blobs.writePart(address, 2, bytes.slice(PART, 2 * PART - 1))
  const damaged = (await start({ start: 1_500, end: 1_600 }, { size: SIZE }))!
  await expect(readAll(damaged.stream)).rejects.toMatchObject({ code: 'corrupt' })
  const range = (await start({ start: 1_500, end: 1_600 }, { size: SIZE }))!
  expect(await readAll(range.stream)).toEqual(bytes.slice(1_500, 1_600))
})

test('a range with a whole part that has a wrong byte ends in an error, and the part is not kept', async () => {
  const { start, blobs, address } = await withContent({ wrongByteAt: 1_050 })
  const range = (await start({ start: 500, end: 2_500 }, { size: SIZE }))!
  await expect(readAll(range.stream)).rejects.toMatchObject({ code: 'corrupt' })
  await expect(range.kept).rejects.toMatchObject({ code: 'corrupt' })
  expect(await blobs.parts(address)).toEqual([])
})

describe('a range that completes a part of which the start is on disk', () => {
  const withStart = async (wrongByteAt?: number, isStartWrong = false) => {
    const content = await withContent(wrongByteAt === undefined ? {} : { wrongByteAt })
    const { blobs, address, bytes } = content
    const start = bytes.slice(PART, PART + 600).map((byte) => (isStartWrong ? byte ^ 1 : byte))
    await blobs.writeFragment(address, 2, 0, start)
    return content
  }

  test.each([
    ['its part', { start: 1_500, end: 2_000 }, ['bytes=1600-1999']],
    ['its part, and the start of the next one', { start: 1_600, end: 2_100 }, ['bytes=1600-2099']],
  ])('verifies and keeps %s, and fetches only what is missing', async (_what, span, requests) => {
    const { start, bytes, blobs, address, requested } = await withStart()
    const range = (await start(span, { size: SIZE }))!
    expect(range.isVerified).toBe(span.end === 2_000)
    expect(await readAll(range.stream)).toEqual(bytes.slice(span.start, span.end))
    await range.kept
    expect(requested.filter((header) => header !== null)).toEqual(requests)
    expect(await blobs.parts(address)).toEqual([2])
  })

  test('ends in an error when a byte of it is wrong', async () => {
    const { start, blobs, address } = await withStart(1_700)
    const range = (await start({ start: 1_500, end: 2_000 }, { size: SIZE }))!
    await expect(readAll(range.stream)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await blobs.parts(address)).toEqual([])
  })

  test('fetches the part whole when what is on disk is damaged', async () => {
    const { start, bytes, requested } = await withStart(undefined, true)
    const range = (await start({ start: 1_500, end: 2_000 }, { size: SIZE }))!
    expect(await readAll(range.stream)).toEqual(bytes.slice(1_500, 2_000))
    expect(requested.filter((header) => header !== null)).toEqual(['bytes=1600-1999', 'bytes=1000-1999'])
  })

  test('is a slice when bytes between them are missing', async () => {
    const { start, requested } = await withStart()
    const range = (await start({ start: 1_700, end: 2_000 }, { size: SIZE }))!
    expect(range.isVerified).toBe(false)
    await readAll(range.stream)
    expect(requested).toEqual(['bytes=1700-1999'])
  })
})

test('a slice whose part has a wrong byte ends cleanly, and is not called verified', async () => {
  const { start } = await withContent({ wrongByteAt: 1_050 })
  const range = (await start({ start: 1_100, end: 1_200 }, { size: SIZE }))!
  expect(range.isVerified).toBe(false)
  expect((await readAll(range.stream)).length).toBe(100)
})

test('with verify "always" a slice whose part has a wrong byte ends in an error', async () => {
  const { start, requested } = await withContent({ wrongByteAt: 1_050 })
  const range = (await start({ start: 1_100, end: 1_200 }, { size: SIZE, verify: 'always' }))!
  expect(range.isVerified).toBe(true)
  await expect(readAll(range.stream)).rejects.toMatchObject({ code: 'corrupt' })
  expect(requested).toContain('bytes=1000-1999')
})

test('with verify "always" a slice is what was asked for, and its part is kept', async () => {
  const { start, bytes, blobs, address } = await withContent()
  const range = (await start({ suffix: 600 }, { verify: 'always' }))!
  expect(range).toMatchObject({ span: { start: 2_900, end: SIZE }, isVerified: true })
  expect(await readAll(range.stream)).toEqual(bytes.slice(2_900))
  await range.kept
  expect(await blobs.parts(address)).toEqual([3, 4])
})

test('with verify "always" the start of a part is read to its end, also when the size is not known', async () => {
  const { start, bytes, requested } = await withContent()
  const range = (await start({ start: 0, end: 2 }, { verify: 'always' }))!
  expect(await readAll(range.stream)).toEqual(bytes.slice(0, 2))
  expect(requested).toContain('bytes=0-999')
})

test('a wrong size by the record moves no part on disk aside', async () => {
  const { start, bytes, blobs, address } = await withContent()
  await blobs.writePart(address, 4, bytes.slice(3 * PART))
  expect(await start({ start: 3 * PART, end: 3 * PART + 10 }, { size: SIZE - 1 })).toBeUndefined()
  expect(await blobs.parts(address)).toEqual([4])
  expect(await blobs.isQuarantined(address)).toBe(false)
})

test('a part that leaves the disk before it is read moves nothing else aside', async () => {
  const { start, bytes, blobs, address } = await withContent()
  for (const number of [1, 2]) await blobs.writePart(address, number, bytes.slice((number - 1) * PART, number * PART))
  const range = (await start({ start: 500, end: 1_500 }, { size: SIZE }))!
  await blobs.delete(address)
  await blobs.writePart(address, 1, bytes.slice(0, PART))
  await expect(readAll(range.stream)).rejects.toMatchObject({ code: 'corrupt' })
  expect(await blobs.parts(address)).toEqual([1])
})

test.each<[string, ByteRange, Partial<RangeOptions>]>([
  ['a range that leaves out little', { start: 100 }, {}],
  ['a range without bytes', { start: SIZE }, {}],
  ['a range without bytes of a content of known size', { start: SIZE }, { size: SIZE }],
  ['a listed size that the address cannot have', { start: 100, end: 200 }, { size: PART }],
  ['a listed size that is another one', { start: 100, end: 200 }, { size: SIZE - 1 }],
])('leaves %s to the download of the whole', async (_, range, options) => {
  const { start } = await withContent()
  expect(await start(range, options)).toBeUndefined()
})

test('leaves it to the download of the whole when the object store ignores ranges', async () => {
  const { storage, blobs, remoteKey } = await withContent()
  const fetch: typeof globalThis.fetch = (input) => storage.fetch(input)
  const ports = { blobs, signer: storage.signer, fetch, hashing }
  const options = { verify: 'parts', keep: true } as const
  expect(await downloadRange(ports, remoteKey, { start: 5, end: 9 }, options)).toBeUndefined()
})

test('a body that is cut ends in an error', async () => {
  const { storage, blobs, remoteKey } = await withContent()
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { status, headers, body } = await storage.fetch(input, init)
    const cut = new Uint8Array(await new Response(body).arrayBuffer()).slice(0, -1)
    return new Response(cut, { status, headers })
  }
  const options = { verify: 'parts', keep: true, size: SIZE } as const
  const ports = { blobs, signer: storage.signer, fetch, hashing }
  const range = (await downloadRange(ports, remoteKey, { start: 5, end: 99 }, options))!
  await expect(readAll(range.stream)).rejects.toMatchObject({ code: 'offline' })
})

test('says that the object store does not have it before there is a body', async () => {
  const { storage, start } = await withContent()
  storage.objects.clear()
  await expect(start({ start: 5, end: 9 }, { size: SIZE })).rejects.toMatchObject({ code: 'not_found' })
})

test('a reader that leaves keeps the parts that are whole', async () => {
  const { start, blobs, address } = await withContent()
  const range = (await start({ start: 1_000 }, { size: SIZE }))!
  const reader = range.stream.getReader()
  for (let got = 0; got < PART;) got += (await reader.read()).value!.length
  await reader.cancel()
  await expect(range.kept).rejects.toMatchObject({ code: 'aborted' })
  expect(await blobs.parts(address)).toContain(2)
})
