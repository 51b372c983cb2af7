import { afterEach, expect, test, vi } from 'vitest'
import { createBodyBuffers } from './body-buffers.ts'

afterEach(() => void vi.restoreAllMocks())

const { signal } = new AbortController()
/** Work that ends with its signal. */
const forever = (ended: AbortSignal) =>
  new Promise<never>((_, reject) => ended.addEventListener('abort', () => reject(ended.reason)))
const refused = { code: 'rate_limited', retryAfterMs: 1_000 }

test('bodies are held up to the limit, and what is over is told to come again', async () => {
  const hold = createBodyBuffers(10)
  const gone = new AbortController()
  const first = [hold('ada', 4, gone.signal, forever), hold('bob', 2, gone.signal, forever)]
  expect(await hold('eve', 4, signal, () => Promise.resolve('four'))).toBe('four')
  await expect(hold('eve', 5, signal, () => Promise.resolve('five'))).rejects.toMatchObject(refused)
  gone.abort(new Error('The client is gone.'))
  for (const work of first) await expect(work).rejects.toThrow('The client is gone.')
  expect(await hold('eve', 5, signal, () => Promise.resolve('five'))).toBe('five')
})

test('one user holds half of it at most', async () => {
  const hold = createBodyBuffers(10)
  const gone = new AbortController()
  const first = hold('eve', 4, gone.signal, forever)
  await expect(hold('eve', 2, signal, () => Promise.resolve('two'))).rejects.toMatchObject(refused)
  expect(await hold('ada', 5, signal, () => Promise.resolve('five'))).toBe('five')
  gone.abort(new Error('The client is gone.'))
  await expect(first).rejects.toThrow('The client is gone.')
  expect(await hold('eve', 5, signal, () => Promise.resolve('five'))).toBe('five')
})

test('a body that takes too long loses its place', async () => {
  const late = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(late.signal)
  const hold = createBodyBuffers(10)
  const slow = hold('ada', 5, signal, forever)
  late.abort()
  await expect(slow).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('128 s') })
  expect(await hold('ada', 5, signal, () => Promise.resolve('five'))).toBe('five')
})
