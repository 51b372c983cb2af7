/** What a sign-out ends, with the real disk and index of a browser. */
import { put } from '@rockpool/core'
import { expect, test } from 'vitest'
import { noise, setUp } from './test-support/device.ts'

test('a file on this disk is refused once its user has signed out, and served after the next sign-in', async () => {
  const { index, keep, get, signOut } = await setUp()
  const url = (await keep('a reef')).url()
  const session = (await index.get('session', 'session'))!
  expect((await get(url)).status).toBe(200)
  await signOut()
  const refused = await get(url)
  expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 'forbidden' } }])
  await index.write([put('session', session)])
  expect(await (await get(url)).text()).toBe('a reef')
})

test.each([
  ['of a whole file', {}],
  ['of a range', { headers: { range: 'bytes=0-16777215' } }],
])('a download %s ends in an error when its user signs out', async (_what, init) => {
  const { get, kept, signOut } = await setUp()
  const { url } = await kept.inObjectStore(noise(24 * 1024 * 1024))
  const reader = (await get(url, init)).body!.getReader()
  await reader.read()
  await signOut()
  const rest = (async () => {
    while (!(await reader.read()).done) continue
  })()
  await expect(rest).rejects.toMatchObject({ code: 'forbidden' })
  await kept.settled()
})

test('a renewed token ends no download', async () => {
  const { index, get, kept } = await setUp()
  const { url, bytes } = await kept.inObjectStore(noise(1_000_000))
  const response = await get(url)
  await index.write([put('session', { ...(await index.get('session', 'session'))!, token: 'renewed' })])
  expect((await response.bytes()).length).toBe(bytes.length)
  await kept.settled()
})
