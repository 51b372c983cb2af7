import { webPlatform } from '@rockpool/core'
import { expect, test, vi } from 'vitest'
import { refreshToken } from './session-refresh.ts'

const jwt = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.x`
const token = jwt({ sub: 'ada', stores: { reef: ['read'] } })
const session = {
  id: 'session',
  storeId: 'reef',
  user: 'ada',
  signerUrl: 'https://app/signer',
  token: 'expired',
  refreshUrl: 'https://app/token',
} as const
const { clock } = webPlatform

test('posts with the login cookie, and takes the token of the response', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => Response.json({ token }))
  expect(await refreshToken(session, { fetch, clock })).toBe(token)
  expect(fetch.mock.calls[0]).toMatchObject(['https://app/token', { method: 'POST', credentials: 'include' }])
})

test.each([
  ['of another user', () => Response.json({ token: jwt({ sub: 'bob', stores: { reef: ['read'] } }) })],
  ['of another store', () => Response.json({ token: jwt({ sub: 'ada', stores: { cape: ['read'] } }) })],
  ['that is none', () => Response.json({ token: 'secret' })],
  ['nowhere in a refusal', () => Response.json({ error: 'Sign in.' }, { status: 401 })],
  ['nowhere in a page', () => new Response('<!doctype html>Sign in')],
  ['nowhere without a network', () => Promise.reject(new TypeError('Failed to fetch'))],
])('rejects a token %s', async (_what, respond) => {
  const fetched = refreshToken(session, { fetch: async () => respond(), clock })
  await expect(fetched).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('waits 10 s for the server, no longer', async () => {
  const timers: { readonly callback: () => void; readonly ms: number }[] = []
  const setTimer = (callback: () => void, ms: number) => {
    timers.push({ callback, ms })
    return () => {}
  }
  const hang: typeof fetch = (_url, init) =>
    new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)))
  const refreshing = refreshToken(session, { fetch: hang, clock: { ...clock, setTimer } })
  expect(timers).toMatchObject([{ ms: 10_000 }])
  timers[0]!.callback()
  await expect(refreshing).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('without a URL there is no token to be had', async () => {
  const { refreshUrl: _, ...closed } = session
  await expect(refreshToken(closed, { fetch, clock })).rejects.toMatchObject({ code: 'unauthenticated' })
})
