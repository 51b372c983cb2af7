import { expect, test } from 'vitest'
import { readableSource } from './source.ts'

const text = async (body: Blob | ReadableStream<Uint8Array>) => new Response(body).text()

test.each([
  [
    'a File',
    () => new File(['reef'], 'reef.txt', { type: 'text/plain' }),
    { name: 'reef.txt', type: 'text/plain', size: 4 },
  ],
  [
    'a File with a name of another system, and the type of a recording',
    () => new File(['reef'], 'a\\b.webm', { type: 'video/webm;codecs=vp8,opus' }),
    { name: 'a_b.webm', type: 'video/webm;codecs="vp8,opus"', size: 4 },
  ],
  ['a File of a type that nobody can read', () => new File(['reef'], '..', { type: 'nonsense' }), { size: 4 }],
  ['a Blob', () => new Blob(['reef']), { name: undefined, type: undefined, size: 4 }],
  ['an ArrayBuffer', () => new TextEncoder().encode('reef').buffer, { name: undefined, type: undefined, size: 4 }],
  [
    'a view of a part of a buffer',
    () => new Uint8Array(new TextEncoder().encode('a reef!').buffer, 2, 4),
    { name: undefined, type: undefined, size: 4 },
  ],
  ['a stream', () => new Blob(['reef']).stream(), { name: undefined, type: undefined, size: undefined }],
  [
    'a Response',
    () => new Response('reef', { headers: { 'content-type': 'text/html', 'content-length': '4' } }),
    { name: undefined, type: 'text/html', size: 4 },
  ],
  [
    'a compressed Response, whose length is not that of its bytes',
    () =>
      new Response('reef', {
        headers: { 'content-type': 'text/html', 'content-length': '3', 'content-encoding': 'gzip' },
      }),
    { name: undefined, type: 'text/html', size: undefined },
  ],
])('%s', async (_, make, expected) => {
  const { body, ...own } = readableSource(make())
  expect(own).toEqual(expected)
  expect(await text(body)).toBe('reef')
})

test('a buffer is copied: the caller may go on writing into it', async () => {
  const bytes = new TextEncoder().encode('reef')
  const { body } = readableSource(bytes)
  bytes.fill(0)
  expect(await text(body)).toBe('reef')
})

test('a Response that failed or was read, and other things, are refused', async () => {
  const read = new Response('reef')
  await read.text()
  for (const source of [new Response('no', { status: 404 }), read, 'reef' as never, undefined as never]) {
    expect(() => readableSource(source)).toThrow(expect.objectContaining({ code: 'source_failed' }))
  }
})
