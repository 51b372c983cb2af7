import { expect, test } from 'vitest'
import { createHeldBodies } from './held-bodies.ts'

const { signal } = new AbortController()
/** Work that ends with its signal. */
const forever = (ended: AbortSignal) =>
  new Promise<never>((_, reject) => ended.addEventListener('abort', () => reject(ended.reason)))

test('bodies are held up to the limit, and what is over is told to come again', async () => {
  const hold = createHeldBodies({ mostBytes: 10 })
  const gone = new AbortController()
  const first = hold(6, gone.signal, forever)
  expect(await hold(4, signal, () => Promise.resolve('four'))).toBe('four')
  const refused = { code: 'rate_limited', retryAfterMs: 1_000 }
  await expect(hold(5, signal, () => Promise.resolve('five'))).rejects.toMatchObject(refused)
  gone.abort(new Error('The client is gone.'))
  await expect(first).rejects.toThrow('The client is gone.')
  expect(await hold(10, signal, () => Promise.resolve('ten'))).toBe('ten')
})

test('a body that takes too long loses its place', async () => {
  const hold = createHeldBodies({ mostBytes: 10, mostMs: 1 })
  await expect(hold(10, signal, forever)).rejects.toMatchObject({ code: 'bad_request' })
  expect(await hold(10, signal, () => Promise.resolve('ten'))).toBe('ten')
})
