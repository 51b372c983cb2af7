import type { SessionRow } from '@rockpool/core'
import { expect, test, vi } from 'vitest'
import { renewedTokens } from './token-renewal.ts'

const session: SessionRow = {
  id: 'session',
  storeId: 'reef',
  user: 'ada',
  signerUrl: 'https://signer.test',
  token: 'token 0',
}
const numbered = () => {
  let number = 0
  return vi.fn<(session: SessionRow) => Promise<string>>(async () => `token ${++number}`)
}

test('renews a refused token once, for calls before, during and after the renewal', async () => {
  const renew = numbered()
  const tokenOf = renewedTokens(renew)
  const [a, b, later] = [tokenOf(session), tokenOf(session), tokenOf(session)]
  expect([await a(), await b()]).toEqual(['token 0', 'token 0'])
  expect(await Promise.all([a({ fresh: true }), b({ fresh: true }), later()])).toEqual(Array(3).fill('token 1'))
  expect(await tokenOf(session)()).toBe('token 1')
  expect(renew).toHaveBeenCalledOnce()
})

test('renews the renewed token when the signer refuses that one too', async () => {
  const token = renewedTokens(numbered())(session)
  await token({ fresh: true })
  expect([await token(), await token({ fresh: true }), await token()]).toEqual(['token 1', 'token 2', 'token 2'])
})

test('renews again after a renewal that failed, or returned the refused token', async () => {
  const renew = numbered()
  renew.mockRejectedValueOnce(new Error('offline')).mockResolvedValueOnce('token 0')
  const token = renewedTokens(renew)(session)
  await expect(token({ fresh: true })).rejects.toThrow('offline')
  expect([await token(), await token({ fresh: true }), await token({ fresh: true })]).toEqual([
    'token 0',
    'token 0',
    'token 1',
  ])
})

test('renews the token of each store by itself', async () => {
  const tokenOf = renewedTokens(numbered())
  expect(await tokenOf(session)({ fresh: true })).toBe('token 1')
  expect(await tokenOf({ ...session, storeId: 'lagoon' })({ fresh: true })).toBe('token 2')
})

test('forgets the oldest of more than 100 renewals', async () => {
  const renew = numbered()
  const tokenOf = renewedTokens(renew)
  const all = Array.from({ length: 101 }, (_, i) => ({ ...session, token: `expired ${i}` }))
  for (const each of all) await tokenOf(each)({ fresh: true })
  expect([await tokenOf(all[0]!)(), await tokenOf(all[1]!)()]).toEqual(['expired 0', 'token 2'])
})
