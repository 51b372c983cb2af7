import { expect, test } from 'vitest'
import { cached } from './cached.ts'

test('computes once in the given time', async () => {
  let time = 0
  let computed = 0
  const figure = cached(
    async () => ++computed,
    5_000,
    () => time,
  )
  expect(await figure()).toBe(1)
  time = 4_999
  expect(await figure()).toBe(1)
  time = 5_000
  expect(await figure()).toBe(2)
})

test('waits for a computation under way, however long it takes', async () => {
  let time = 0
  let computed = 0
  const running = Promise.withResolvers<void>()
  const figure = cached(
    async () => {
      computed++
      await running.promise
      return 'done'
    },
    5_000,
    () => time,
  )
  const first = figure()
  time = 60_000
  const second = figure()
  running.resolve()
  expect(await Promise.all([first, second])).toEqual(['done', 'done'])
  expect(computed).toBe(1)
})

test('a failure is not tried again before its time', async () => {
  let time = 0
  let computed = 0
  const figure = cached(
    async () => {
      if (++computed === 1) throw new Error('The disk is gone.')
      return computed
    },
    5_000,
    () => time,
  )
  await expect(figure()).rejects.toThrow('The disk is gone.')
  await expect(figure()).rejects.toThrow('The disk is gone.')
  time = 5_000
  expect(await figure()).toBe(2)
})
