import { expect, test } from 'vitest'
import { createKeysInUse } from './keys-in-use.ts'

const KEY = 'shop/files/a'
const HOUR = 60 * 60_000
const setUp = () => {
  let time = 0
  const keys = createKeysInUse(() => time)
  const removed: string[] = []
  const collect = (readAt: number, key = KEY) =>
    keys.unlessUsed(key, readAt, async () => {
      removed.push(key)
    })
  return { keys, removed, collect, pass: (ms: number) => (time += ms) }
}

test('what nobody uses is deleted', async () => {
  const { collect, removed } = setUp()
  expect(await collect(0)).toBe(true)
  expect(removed).toEqual([KEY])
})

test('what is in use is not, until the last user releases it; another key is', async () => {
  const { keys, collect, pass } = setUp()
  const first = await keys.use(KEY)
  const second = await keys.use(KEY)
  first()
  first()
  expect(await collect(0)).toBe(false)
  expect(await collect(0, 'shop/files/b')).toBe(true)
  second()
  pass(1)
  expect(await collect(keys.now())).toBe(true)
})

test('what was named since the log was read is not deleted by that log', async () => {
  const { keys, collect, pass } = setUp()
  const readAt = keys.now()
  pass(5)
  const release = await keys.use(KEY)
  release()
  expect(await collect(readAt)).toBe(false)
  pass(2 * HOUR)
  const other = await keys.use('shop/files/b')
  other()
  expect(await collect(keys.now())).toBe(true)
})

test.each([
  ['works', false],
  ['fails', true],
])('a use waits for the delete under way, which %s', async (_, fails) => {
  const { keys } = setUp()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const deleting = keys.unlessUsed(KEY, 0, () => promise)
  let isUsed = false
  const using = keys.use(KEY).then(() => (isUsed = true))
  await Promise.resolve()
  expect(isUsed).toBe(false)
  if (fails) reject(new Error('S3 is down.'))
  else resolve()
  const outcome = await deleting.catch(({ message }: Error) => message)
  expect(outcome).toBe(fails ? 'S3 is down.' : true)
  await using
  expect(isUsed).toBe(true)
})
