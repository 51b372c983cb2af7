import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hashContent } from './content-hasher.ts'
import { iterable } from './iterate-stream.ts'

const own = Reflect.getOwnPropertyDescriptor(ReadableStream.prototype, Symbol.asyncIterator)!
beforeEach(() => void Reflect.deleteProperty(ReadableStream.prototype, Symbol.asyncIterator))
afterEach(() => void Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, own))

const streamOf = (chunks: readonly string[], cancel = () => {}) => {
  const left = chunks.map((chunk) => new TextEncoder().encode(chunk))
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift()
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
    cancel,
  })
}

test('hashes a stream in a browser whose streams are not async iterable', async () => {
  const bytes = new TextEncoder().encode('a reef')
  expect(await hashContent(streamOf(['a ', 'reef']))).toEqual(await hashContent([bytes]))
})

test('cancels the stream when the loop ends early', async () => {
  const cancel = vi.fn<() => void>()
  for await (const _ of iterable(streamOf(['a', 'b'], cancel))) break
  expect(cancel).toHaveBeenCalledOnce()
})

test('passes the error of the stream on', async () => {
  const failing = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('cut')) })
  await expect(hashContent(failing)).rejects.toThrow('cut')
})
