/** The route as a service worker has it, with the network and the pages of the tests. */
import { change } from '@rockpool/core'
import { MAX_CALLS } from '@rockpool/core/signer'
import { buildRemoteKey, contentUrl, type ContentAddress } from '@rockpool/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { rockpoolRoute } from './route.ts'
import { setUp } from './test-support/device.ts'

afterEach(() => void vi.unstubAllGlobals())

const jwt = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.x`
const refusal = (status: number, code: string) => Response.json({ error: { code, message: code } }, { status })

test('500 images with one expired token renew it once, and later calls use the fresh one', async () => {
  const { store, index } = await setUp()
  const fresh = jwt({ sub: 'ada', stores: { [store]: ['read'] } })
  await index.write([
    change('session', 'session', (row) => row && { ...row, token: 'expired', refreshUrl: 'https://app.test/token' }),
  ])
  const refresh = vi.fn<typeof fetch>(async () => Response.json({ token: fresh }))
  const tokens: (string | null)[] = []
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    const token = new Headers(init.headers).get('authorization')
    tokens.push(token)
    return token === `Bearer ${fresh}` ? refusal(403, 'forbidden') : refusal(401, 'unauthenticated')
  })
  const scope = {
    registration: { scope: `${location.origin}/` },
    location,
    navigator,
    addEventListener: () => {},
    clients: { matchAll: async () => [] },
    fetch: refresh,
  }
  const route = rockpoolRoute(scope as unknown as ServiceWorkerGlobalScope)
  const images = Array.from({ length: 500 }, (_, i) => {
    const address = i.toString(16).padStart(64, '0') as ContentAddress
    return contentUrl({ remoteKey: buildRemoteKey({ storeId: store, bucket: 'files', address }), name: 'reef.jpg' })
  })

  const responses = await Promise.all(images.map((url) => route.handle({ request: new Request(url) })))
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([403]))
  expect(refresh).toHaveBeenCalledOnce()
  expect(tokens.filter((token) => token === 'Bearer expired').length).toBeLessThanOrEqual(MAX_CALLS)
  expect((await index.get('session', 'session'))?.token).toBe(fresh)
})
