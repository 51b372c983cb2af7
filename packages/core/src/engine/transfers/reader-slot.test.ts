import { expect, test } from 'vitest'
import { readerSlot } from './reader-slot.ts'

/** A slot, the number of readers that count, and a clock whose timers run by hand. */
const setUp = () => {
  const timers = new Set<() => void>()
  const clock = {
    setTimer(callback: () => void) {
      timers.add(callback)
      return () => void timers.delete(callback)
    },
  }
  let readers = 0
  const read = () => {
    readers++
    return () => void readers--
  }
  const source = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>()
  const slot = readerSlot({ read }, clock)
  const pass5s = () => {
    for (const timer of timers) timer()
    timers.clear()
  }
  return { slot, source, writer: source.writable.getWriter(), readers: () => readers, timers, pass5s }
}
const CHUNK = Uint8Array.of(1, 2)

test('a download that starts counts, however long that takes', () => {
  const { readers, pass5s } = setUp()
  pass5s()
  expect(readers()).toBe(1)
})

test('a stream that is never read does not count after 5 s', () => {
  const { slot, source, readers, pass5s } = setUp()
  slot.count(source.readable)
  expect(readers()).toBe(1)
  pass5s()
  expect(readers()).toBe(0)
})

test('a pending read counts for as long as it takes, and 5 s longer; so does the next one', async () => {
  const { slot, source, writer, readers, pass5s } = setUp()
  const reader = slot.count(source.readable).getReader()
  pass5s()
  for (const _ of [1, 2]) {
    const reading = reader.read()
    await new Promise((turned) => setImmediate(turned))
    pass5s()
    expect(readers()).toBe(1)
    await writer.write(CHUNK)
    expect((await reading).value).toEqual(CHUNK)
    expect(readers()).toBe(1)
    pass5s()
    expect(readers()).toBe(0)
  }
})

test.each<[string, (stream: ReadableStream, writer: WritableStreamDefaultWriter) => Promise<unknown>]>([
  ['ended', (stream, writer) => Promise.all([writer.close(), new Response(stream).bytes()])],
  ['was cancelled', (stream, writer) => Promise.all([stream.cancel('enough'), writer.closed.catch(() => {})])],
  [
    'failed',
    (stream, writer) =>
      Promise.all([
        writer.abort('broken'),
        stream
          .getReader()
          .read()
          .catch(() => {}),
      ]),
  ],
])('a download that %s counts no more and leaves no timer', async (_, happens) => {
  const { slot, source, writer, readers, timers } = setUp()
  const stream = slot.count(source.readable)
  slot.end()
  await happens(stream, writer)
  slot.end()
  expect([readers(), timers.size]).toEqual([0, 0])
})

test('the end, a cancel and an error reach the other side', async () => {
  const ended = setUp()
  const reading = new Response(ended.slot.count(ended.source.readable)).bytes()
  await ended.writer.write(CHUNK)
  await ended.writer.close()
  expect(await reading).toEqual(CHUNK)
  const cancelled = setUp()
  await cancelled.slot.count(cancelled.source.readable).cancel('enough')
  await expect(cancelled.writer.closed).rejects.toBe('enough')
  const failed = setUp()
  const read = failed.slot.count(failed.source.readable).getReader().read()
  await failed.writer.abort('broken')
  await expect(read).rejects.toBe('broken')
})
