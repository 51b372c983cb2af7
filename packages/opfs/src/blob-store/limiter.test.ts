import { expect, test } from 'vitest'
import { makeLimiter } from './limiter.ts'

const never = new AbortController().signal
const turn = () => new Promise<void>((turned) => setImmediate(turned))

/** Pieces of work of these sizes, each of which ends when the test says so. */
const pieces = (limit: ReturnType<typeof makeLimiter>, sizes: readonly number[], signal = never) => {
  const started: number[] = []
  const all = sizes.map((size, number) => {
    const ended = Promise.withResolvers<number>()
    const work = () => {
      started.push(number)
      return ended.promise
    }
    return { ...ended, result: limit(work, size, signal) }
  })
  return { started, all }
}

test('starts the next piece, in order, when one ends or fails', async () => {
  const { started, all } = pieces(makeLimiter(2), [1, 1, 1, 1, 1])
  await turn()
  expect(started).toEqual([0, 1])
  all[1]!.resolve(1)
  await turn()
  expect(started).toEqual([0, 1, 2])
  all[0]!.reject(new Error('failed'))
  await expect(all[0]!.result).rejects.toThrow('failed')
  await turn()
  expect(started).toEqual([0, 1, 2, 3])
  for (const { resolve } of all) resolve(0)
  await Promise.allSettled(all.map(({ result }) => result))
  expect(started).toEqual([0, 1, 2, 3, 4])
})

test('a piece larger than the capacity runs alone, and is not overtaken', async () => {
  const { started, all } = pieces(makeLimiter(10), [4, 99, 1, 1])
  await turn()
  expect(started).toEqual([0])
  all[0]!.resolve(0)
  await turn()
  expect(started).toEqual([0, 1])
  all[1]!.resolve(0)
  await turn()
  expect(started).toEqual([0, 1, 2, 3])
})

test('pieces of size 0 run at once', async () => {
  const { started } = pieces(makeLimiter(1), [0, 1, 0])
  await turn()
  expect(started).toEqual([0, 1, 2])
})

test('a piece that is aborted while it waits never starts, and holds nothing up', async () => {
  const limit = makeLimiter(2)
  const first = pieces(limit, [1])
  const stop = new AbortController()
  const aborted = pieces(limit, [2], stop.signal)
  const last = pieces(limit, [1])
  await turn()
  expect(last.started).toEqual([])
  stop.abort(new Error('changed my mind'))
  await expect(aborted.all[0]!.result).rejects.toThrow('changed my mind')
  await turn()
  expect([first.started, aborted.started, last.started]).toEqual([[0], [], [0]])
})

test('has its whole capacity again when nothing runs', async () => {
  const limit = makeLimiter(2)
  for (let round = 0; round < 3; round++) {
    const { started, all } = pieces(limit, [1, 1])
    await turn()
    expect(started).toEqual([0, 1])
    for (const { resolve } of all) resolve(0)
    await Promise.all(all.map(({ result }) => result))
  }
})
