import { expect, test } from 'vitest'
import { changedPaths } from './changed-paths.ts'

const event = (path: string, bucket = 'files') =>
  `id: log.1\ndata: ${JSON.stringify({ type: 'storage.object.created', bucket, path })}\n\n`

async function* chunksOf(text: string, size: number) {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const pathsIn = async (stream: AsyncIterable<Uint8Array>) => {
  const paths: string[] = []
  for await (const path of changedPaths(stream, 'files')) paths.push(path)
  return paths
}

test.for([1, 7, 10_000])('reads events in chunks of %i bytes, without heartbeats and other buckets', async (size) => {
  const text = `retry: 1000\n\n${event('riff/müll.mp4')}id: log.2\n\n${event('x', 'photos')}${event('b')}`
  expect(await pathsIn(chunksOf(text, size))).toEqual(['riff/müll.mp4', 'b'])
})

test('ends when the connection is cut', async () => {
  const cut = async function* () {
    yield* chunksOf(event('a'), 100)
    throw new TypeError('terminated')
  }
  expect(await pathsIn(cut())).toEqual(['a'])
})
