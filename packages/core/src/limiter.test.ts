import { expect, it } from 'vitest'
import { createLimiter } from './limiter.ts'

/** Which calls are admitted, and how to end each. */
const callsOf = (limiter: ReturnType<typeof createLimiter>) => {
  const admitted: string[] = []
  const ends = new Map<string, () => void>()
  const call = async (name: string, signal?: AbortSignal) => {
    const release = await limiter.acquire(signal)
    admitted.push(name)
    ends.set(name, release)
  }
  return { admitted, call, end: (name: string) => ends.get(name)!() }
}

it('admits calls up to its limit, and the others in the order of arrival', async () => {
  const { admitted, call, end } = callsOf(createLimiter(2))
  const all = ['a', 'b', 'c', 'd'].map((name) => call(name))
  await Promise.all(all.slice(0, 2))
  expect(admitted).toEqual(['a', 'b'])
  end('b')
  await all[2]
  expect(admitted).toEqual(['a', 'b', 'c'])
  end('a')
  await all[3]
  expect(admitted).toEqual(['a', 'b', 'c', 'd'])
})

it('takes a call out that is aborted while it waits', async () => {
  const { admitted, call, end } = callsOf(createLimiter(1))
  const abort = new AbortController()
  await call('a')
  const aborted = call('b', abort.signal)
  const last = call('c')
  abort.abort('left')
  await expect(aborted).rejects.toBe('left')
  end('a')
  await last
  expect(admitted).toEqual(['a', 'c'])
})

it('frees the place of a call that is aborted at the moment of its admission', async () => {
  const { call, end } = callsOf(createLimiter(1))
  const abort = new AbortController()
  await call('a')
  const aborted = call('b', abort.signal)
  const last = call('c')
  abort.abort('left')
  end('a')
  await expect(aborted).rejects.toBe('left')
  await last
})

it('refuses a call whose signal was aborted before', async () => {
  const limiter = createLimiter(1)
  await expect(limiter.acquire(AbortSignal.abort('left'))).rejects.toBe('left')
  await limiter.acquire()
})
