import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { writeParts } from './write-parts.ts'

const part = (number: number) => new Uint8Array(PART_SIZE).fill(number)

/** A sink whose writes wait until they are let through. */
const gatedSink = () => {
  const waiting: { readonly bytes: Uint8Array; readonly pass: () => void; readonly fail: (error: Error) => void }[] = []
  let arrived = () => {}
  return {
    closed: 0,
    waiting,
    write(bytes: Uint8Array) {
      return new Promise<void>((pass, fail) => {
        waiting.push({ bytes, pass, fail })
        arrived()
      })
    },
    async next() {
      while (waiting.length === 0) await new Promise<void>((resolve) => (arrived = resolve))
      return waiting.shift()!
    },
    async close() {
      this.closed++
    },
    async abort() {},
  }
}

test('holds two parts at most: one being written, the next one read', async () => {
  const sink = gatedSink()
  let read = 0
  const parts = (async function* () {
    while (read < 5) yield part(++read)
  })()
  const written = writeParts(parts, sink)
  for (let number = 1; number <= 5; number++) {
    const write = await sink.next()
    expect(write.bytes[0]).toBe(number)
    expect(sink.waiting).toEqual([])
    // Let the source go as far ahead as it can.
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(Math.min(number + 1, 5))
    write.pass()
  }
  expect(await written).toEqual(await hashContent([1, 2, 3, 4, 5].map(part)))
  expect(sink.closed).toBe(1)
})

test('a failing sink is noticed while the source is silent', async () => {
  const sink = gatedSink()
  const parts = (async function* () {
    yield part(1)
    await new Promise(() => {})
  })()
  const written = writeParts(parts, sink)
  ;(await sink.next()).fail(new Error('disk full'))
  await expect(written).rejects.toThrow('disk full')
  expect(sink.closed).toBe(0)
})
