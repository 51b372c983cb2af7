import { hashContent, type Hashing, sha256 } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { byteReader } from './byte-reader.ts'
import { rangePieces } from './range-plan.ts'
import { readPieces } from './read-pieces.ts'
import type { RemoteObject } from './remote-object.ts'

const PART = 1_000
const PARTS = 6
const SIZE = PART * PARTS
const hashing: Hashing = { partSize: PART, digest: sha256 }

/** Content of six parts, of which some are on disk, and its pieces under way to a reader. */
const reading = async (present: readonly number[] = []) => {
  const bytes = crypto.getRandomValues(new Uint8Array(SIZE))
  const part = (number: number) => bytes.slice((number - 1) * PART, number * PART)
  const { address, digests } = await hashContent([bytes], hashing)
  const blobs = memoryBlobStore({ hashing })
  for (const number of present) await blobs.writePart(address, number, part(number))
  let sent = 0
  const requested: string[] = []
  const stop = new AbortController()
  const object: Pick<RemoteObject, 'open'> = {
    async open(range) {
      const { start, end = SIZE } = range as { readonly start: number; readonly end?: number }
      requested.push(`${start}-${end}`)
      let at = start
      const pull = (controller: ReadableStreamDefaultController) => {
        const chunk = bytes.slice(at, Math.min(end, at + PART / 4))
        at += chunk.length
        sent += chunk.length
        controller.enqueue(chunk)
        if (at === end) controller.close()
      }
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull }, { highWaterMark: 0 })
      const body = byteReader(stream, { signal: stop.signal, inTime: (work) => work })
      return { body, sent: { start, end, size: SIZE }, isRange: true }
    },
  }
  const signer = { downloadUrl: () => Promise.reject(new Error('The object needs no URL.')) }
  const chunks = (disk = blobs) =>
    readPieces(
      { blobs: disk, signer, hashing },
      {
        address,
        size: SIZE,
        pieces: rangePieces({ start: 0, end: SIZE }, SIZE, new Set(present), { hashing, verify: 'parts' }),
        digests: Promise.resolve(digests),
        fragments: Promise.resolve(new Map()),
        object: object as RemoteObject,
        opened: undefined,
        stop,
        keep: true,
        verify: 'parts',
      },
    )
  return { bytes, part, address, blobs, requested, chunks, sent: () => sent }
}

const readAll = async (chunks: AsyncGenerator<Uint8Array, unknown>) => {
  const all: number[] = []
  for (;;) {
    const { done, value } = await chunks.next()
    if (done) return { bytes: new Uint8Array(all), result: value }
    all.push(...(value as Uint8Array))
  }
}

test.each([
  ['one part, when it has read no part whole', 0, [1]],
  ['three parts, when it has read two', 2, [1, 2, 3, 4, 5]],
])('runs ahead of a reader that stands still by %s', async (_, read, kept) => {
  const { chunks, blobs, address, sent } = await reading()
  const reader = chunks()
  await reader.next()
  for (let got = PART / 4; got <= read * PART;) got += ((await reader.next()).value as Uint8Array).length
  await expect.poll(() => blobs.parts(address)).toEqual(kept)
  for (let turn = 0; turn < 20; turn++) await new Promise((turned) => setImmediate(turned))
  expect(sent()).toBe(kept.length * PART)
  await reader.return(undefined)
})

test('keeps no more than three parts in memory while the disk is slow', async () => {
  const { chunks, blobs, sent, bytes } = await reading()
  const disk = Promise.withResolvers<void>()
  const slow = {
    ...blobs,
    writePart: (...part: Parameters<typeof blobs.writePart>) => disk.promise.then(() => blobs.writePart(...part)),
  }
  const all = readAll(chunks(slow))
  await expect.poll(sent).toBe(3 * PART)
  for (let turn = 0; turn < 20; turn++) await new Promise((turned) => setImmediate(turned))
  expect(sent()).toBe(3 * PART)
  disk.resolve()
  expect((await all).bytes).toEqual(bytes)
})

test('requests what is between the parts on disk, once for parts that follow one another', async () => {
  const { chunks, bytes, requested } = await reading([1, 4])
  expect((await readAll(chunks())).bytes).toEqual(bytes)
  expect(requested).toEqual(['1000-3000', '4000-6000'])
})

test('fetches a damaged part and those after it, and keeps nothing of this download', async () => {
  const { chunks, blobs, address, part, bytes } = await reading([1, 2])
  const first = {
    ...blobs,
    openPart: async (...of: Parameters<typeof blobs.openPart>) => damagedFirst(blobs, part, of),
  }
  const { bytes: read, result } = await readAll(chunks(first))
  expect(read).toEqual(bytes)
  expect(result).toMatchObject({ notKept: { code: 'corrupt' } })
  expect(await blobs.parts(address)).toEqual([])
  expect(await blobs.isQuarantined(address)).toBe(true)
})

/** Part 1 has another last byte on this disk. */
const damagedFirst = async (
  blobs: ReturnType<typeof memoryBlobStore>,
  part: (number: number) => Uint8Array<ArrayBuffer>,
  [address, number]: Parameters<typeof blobs.openPart>,
): Promise<Blob | undefined> => {
  const onDisk = await blobs.openPart(address, number)
  return onDisk && number === 1 ? new Blob([part(1).with(PART - 1, part(1).at(-1)! ^ 1)]) : onDisk
}
