import { expect, test } from 'vitest'
import { byteReader, readUpTo } from './byte-reader.ts'

const BYTES = new Uint8Array([1, 2, 3, 4, 5, 6, 7])

/** A body that sends three bytes at a time. */
const body = (type: 'bytes' | undefined): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let at = 0
  return new ReadableStream({
    type: type as 'bytes',
    pull(controller) {
      controller.enqueue(BYTES.slice(at, (at += 3)))
      if (at < BYTES.length) return
      controller.close()
      controller.byobRequest?.respond(0)
    },
  })
}

const readerOf = (type: 'bytes' | undefined) =>
  byteReader(body(type), { signal: new AbortController().signal, inTime: (work) => work })

test.each(['bytes', undefined] as const)(
  'reads a body of type %s in chunks of at most the requested size',
  async (type) => {
    const reader = readerOf(type)
    const read: number[][] = []
    for (let bytes = await reader.next(2); bytes; bytes = await reader.next(2)) read.push([...bytes])
    expect(read.flat()).toEqual([...BYTES])
    expect(Math.max(...read.map(({ length }) => length))).toBe(2)
    expect(await reader.next(2)).toBeUndefined()
  },
)

test.each(['bytes', undefined] as const)('joins a body of type %s up to the largest size', async (type) => {
  expect(await readUpTo(readerOf(type), BYTES.length)).toEqual(BYTES)
  expect(await readUpTo(readerOf(type), BYTES.length - 1)).toBeUndefined()
})

test('reads a byte stream into the same memory, and into larger memory when more is requested', async () => {
  const reader = readerOf('bytes')
  const lengths: number[] = []
  for (const max of [1, 2, 2, 1]) lengths.push((await reader.next(max))!.buffer.byteLength)
  expect(lengths).toEqual([1, 2, 2, 2])
})
