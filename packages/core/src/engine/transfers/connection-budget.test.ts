import { expect, test } from 'vitest'
import { makeConnectionBudget } from './connection-budget.ts'

const budget = (connections = 2) => makeConnectionBudget({ connections, bytes: 100 })
const FILE = { kind: 'file', bytes: 1 } as const
/** Which of the promises are fulfilled by now. */
const fulfilled = async (promises: readonly Promise<unknown>[]): Promise<readonly number[]> => {
  const done: number[] = []
  for (const [i, promise] of promises.entries()) promise.then(() => done.push(i)).catch(() => {})
  await new Promise((turned) => setImmediate(turned))
  return done
}

test('gives connections in the order of the calls, as they are given back', async () => {
  const { acquire } = budget()
  const calls = [1, 2, 3, 4].map(() => acquire(FILE))
  expect(await fulfilled(calls)).toEqual([0, 1])
  const release = await calls[1]!
  release()
  release()
  expect(await fulfilled(calls)).toEqual([0, 1, 2])
})

test('who gives up lets the next one through, and an abort after the grant changes nothing', async () => {
  const { acquire } = budget()
  const stop = new AbortController()
  const first = acquire(FILE, stop.signal)
  await acquire(FILE)
  const leaving = acquire(FILE, stop.signal)
  const last = acquire(FILE)
  stop.abort()
  await expect(leaving).rejects.toMatchObject({ code: 'aborted' })
  expect(await fulfilled([first, last])).toEqual([0])
  ;(await first)()
  expect(await fulfilled([last])).toEqual([0])
  await expect(acquire(FILE, stop.signal)).rejects.toMatchObject({ code: 'aborted' })
})

test('a large need that is withdrawn no longer holds up those behind it', async () => {
  const { acquire } = budget(6)
  const stop = new AbortController()
  await acquire({ kind: 'part', bytes: 60 })
  const large = acquire({ kind: 'part', bytes: 60 }, stop.signal)
  const behind = acquire({ kind: 'part', bytes: 10 })
  expect(await fulfilled([large, behind])).toEqual([])
  stop.abort()
  expect(await fulfilled([large, behind])).toEqual([1])
})

test('readers do not wait, and others get less until they end', async () => {
  const { acquire, read } = budget(6)
  const ends = [1, 2, 3, 4, 5].map(() => read())
  const calls = [1, 2, 3].map(() => acquire(FILE))
  expect(await fulfilled(calls)).toEqual([0, 1])
  for (const end of ends) end()
  expect(await fulfilled(calls)).toEqual([0, 1, 2])
})
