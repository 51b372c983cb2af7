import { expect, test } from 'vitest'
import { pieceWindow } from './piece-window.ts'

const bytes = (...values: number[]) => new Uint8Array(values)

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<readonly number[][]> => {
  const all: number[][] = []
  for await (const chunk of chunks) all.push([...chunk])
  return all
}

/** Whether a promise has settled once all that can run has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await new Promise((turned) => setImmediate(turned))
  return settled
}

test('has room for three pieces, and for the next one when the oldest was read and released', async () => {
  const window = pieceWindow()
  for (let piece = 0; piece < 3; piece++) {
    expect(await window.room()).toBe(true)
    window.add(bytes(piece), 1)
  }
  const room = window.room()
  window.release()
  expect(await isSettled(room)).toBe(false)
  expect(await collect(window.take(0, 1))).toEqual([[0]])
  expect(await room).toBe(true)
})

test('has no room once the reader has left', async () => {
  const window = pieceWindow()
  for (let piece = 0; piece < 3; piece++) window.add(bytes(piece), 1)
  const room = window.room()
  window.close()
  expect(await room).toBe(false)
})

test('gives bytes as they arrive, and the last ones when the piece was verified', async () => {
  const window = pieceWindow()
  const piece = window.add(bytes(1, 2, 3), 1)
  const reader = window.take(0, 3)
  expect((await reader.next()).value).toEqual(bytes(1))
  const last = reader.next()
  const verified = Promise.withResolvers<void>()
  piece.verified = verified.promise
  window.grow(piece, 2)
  expect(await isSettled(last)).toBe(false)
  verified.resolve()
  expect((await last).value).toEqual(bytes(2, 3))
  expect((await reader.next()).done).toBe(true)
})

test('verifies the whole piece before the end of a slice of it', async () => {
  const window = pieceWindow()
  const piece = window.add(bytes(1, 2, 3), 2)
  const slice = collect(window.take(0, 2))
  expect(await isSettled(slice)).toBe(false)
  piece.verified = Promise.reject(new Error('another digest'))
  window.grow(piece, 1)
  await expect(slice).rejects.toThrow('another digest')
})

test('gives what has arrived before the error that ended it', async () => {
  const window = pieceWindow()
  window.add(bytes(1, 2), 1)
  window.fail(new Error('the connection ended'))
  const reader = window.take(0, 2)
  expect((await reader.next()).value).toEqual(bytes(1))
  await expect(reader.next()).rejects.toThrow('the connection ended')
})

test('gives copies, since a reader may change its chunk while the piece is written', async () => {
  const window = pieceWindow()
  const piece = window.add(bytes(7), 1)
  const { value } = await window.take(0, 1).next()
  value!.fill(0)
  expect([...piece.bytes]).toEqual([7])
})
