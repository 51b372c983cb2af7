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

/** A window whose reader has read two pieces, which are on disk, and that is full of three more. */
const fullWindow = async () => {
  const window = pieceWindow()
  for (const value of [1, 2]) {
    window.release(window.add(bytes(value), 1))
    await collect(window.take(0, 1))
  }
  const pieces = [3, 4, 5].map((value) => window.add(bytes(value), 1))
  return { window, pieces, room: window.room() }
}

test('has room for one piece until one was read, then for two, then for three', async () => {
  const window = pieceWindow()
  const fill = async () => {
    let added = 0
    for (; await isSettled(window.room()); added++) window.release(window.add(bytes(added), 1))
    return added
  }
  const added = [await fill()]
  for (let read = 1; read <= 3; read++) {
    await collect(window.take(0, 1))
    added.push(await fill())
  }
  expect(added).toEqual([1, 2, 2, 1])
})

test('has room for the next piece when one was read and released, in whichever order', async () => {
  for (const first of ['read', 'released'] as const) {
    const { window, pieces, room } = await fullWindow()
    const steps = { read: () => collect(window.take(0, 1)), released: async () => window.release(pieces[0]!) }
    await steps[first]()
    expect(await isSettled(room)).toBe(false)
    await steps[first === 'read' ? 'released' : 'read']()
    expect(await room).toBe(true)
  }
})

test('has no room while the oldest piece is written, though later ones are on disk', async () => {
  const { window, pieces, room } = await fullWindow()
  for (const later of pieces.slice(1)) window.release(later)
  await collect(window.take(0, 1))
  expect(await isSettled(room)).toBe(false)
  window.release(pieces[0]!)
  expect(await room).toBe(true)
})

test('reuses the memory of a piece that was read and released, for a piece of the same length', async () => {
  const window = pieceWindow()
  const memory = window.allocate(1)
  const piece = window.add(memory, 1)
  await collect(window.take(0, 1))
  expect(window.allocate(1)).not.toBe(memory)
  window.release(piece)
  expect(window.allocate(2)).toHaveLength(2)
  const next = window.add(window.allocate(1), 1)
  window.release(next)
  expect(window.allocate(1)).not.toBe(next.bytes)
  await collect(window.take(0, 1))
  expect(window.allocate(1)).toBe(next.bytes)
  expect(window.allocate(1)).not.toBe(next.bytes)
})

test('a piece that is shorter than what is wanted of it is an error', async () => {
  const window = pieceWindow()
  window.add(bytes(1, 2), 2)
  await expect(collect(window.take(0, 3))).rejects.toMatchObject({ code: 'corrupt' })
})

test('has no room once the reader has left', async () => {
  const window = pieceWindow()
  window.add(bytes(1), 1)
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
