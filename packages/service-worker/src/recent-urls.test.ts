import type { RemoteKey } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { recentUrls } from './recent-urls.ts'

const key = `reef/files/${'a'.repeat(64)}` as RemoteKey
const ada = { storeId: 'reef', user: 'ada' }

/** A signer whose URLs are numbered, and a clock that the test sets. */
const setUp = () => {
  const clock = { ms: 0, monotonic: () => clock.ms }
  let signed = 0
  const signer = { downloadUrl: async () => ({ url: `url ${++signed}`, expiresAt: 60_000 }) }
  const urls = recentUrls(clock)
  const next = async (session = ada) => (await urls.forRange(signer, session).downloadUrl({ key })).url
  return { clock, urls, signer, next }
}

it('the next range of a file reuses its URL for 30 s', async () => {
  const { clock, next } = setUp()
  expect([await next(), await next()]).toEqual(['url 1', 'url 1'])
  clock.ms = 29_999
  expect(await next()).toBe('url 1')
  clock.ms = 30_000
  expect(await next()).toBe('url 2')
})

it('a range that asks again gets a fresh URL, which the next range reuses', async () => {
  const { urls, signer, next } = setUp()
  await next()
  const range = urls.forRange(signer, ada)
  expect((await range.downloadUrl({ key })).url).toBe('url 1')
  expect((await range.downloadUrl({ key })).url).toBe('url 2')
  expect(await next()).toBe('url 2')
})

it('a URL is not reused for another user or store', async () => {
  const { next } = setUp()
  await next()
  expect(await next({ ...ada, user: 'bob' })).toBe('url 2')
  expect(await next({ ...ada, storeId: 'lagoon' })).toBe('url 3')
})
