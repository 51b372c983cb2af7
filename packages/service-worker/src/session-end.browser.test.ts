/** What a sign-out ends, with the real disk and index of a browser. */
import { put } from '@rockpool/core'
import { describe, expect, test } from 'vitest'
import { type Device, noise, setUp } from './test-support/device.ts'

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

const RANGE = { headers: { range: 'bytes=0-16777215' } }
/** What a browser plays, shows or saves: it may read one response for hours. */
const SLOWLY = ['video', 'audio', 'document', 'iframe']

/** Reads the first bytes of a response, then all others. */
const readAround = async (response: Response, event: () => Promise<unknown>): Promise<void> => {
  const reader = response.body!.getReader()
  await reader.read()
  await event()
  while (!(await reader.read()).done) continue
}

/** Removes the session row without an event of the index, as a browser that clears the site's data. */
const clearSession = async (store: string): Promise<void> => {
  const done = <A>(request: IDBRequest<A>) =>
    new Promise<A>((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error!))
    })
  const database = await done(indexedDB.open(`rockpool-${store}`))
  await done(database.transaction('session', 'readwrite').objectStore('session').delete('session'))
  database.close()
}

describe.each([
  ['when its user signs out', ({ signOut }: Device) => signOut()],
  ['when the session row is gone without an event', ({ store }: Device) => clearSession(store)],
])('%s', (_when, leave) => {
  test.each([
    ['of a whole file', {}],
    ['of a range', RANGE],
  ])('a download %s ends in an error', async (_what, init) => {
    const device = await setUp()
    const { url } = await device.kept.inObjectStore(noise(24 * 1024 * 1024))
    const reading = readAround(await device.get(url, init), () => leave(device))
    await expect(reading).rejects.toMatchObject({ code: 'forbidden' })
    await device.kept.settled()
  })

  test.each(
    SLOWLY.flatMap((destination) => [
      [destination, 'a whole file', {}],
      [destination, 'a range', RANGE],
    ]),
  )('a response from disk ends in an error: %s, %s', async (destination, _what, init) => {
    const device = await setUp()
    const { url } = await device.keep('a reef'.repeat(4 * 1024 * 1024))
    const reading = readAround(await device.get(url(), { ...init, destination }), () => leave(device))
    await expect(reading).rejects.toMatchObject({ code: 'forbidden' })
  })
})

test('the download of the rest of a file (fill "all") ends when its user signs out', async () => {
  const { get, kept, remote, blobs, signOut } = await setUp({ fill: 'all' })
  const { url, address } = await kept.inObjectStore(noise(24 * 1024 * 1024))
  const isSignedOut = Promise.withResolvers<void>()
  const { fetch } = remote
  const rangeOnly: typeof fetch = async (input, init) => {
    if (new Headers(init?.headers).get('range') !== 'bytes=0-9') await isSignedOut.promise
    return fetch(input, init)
  }
  Object.assign(remote, { fetch: rangeOnly })
  expect((await (await get(url, { headers: { range: 'bytes=0-9' } })).bytes()).length).toBe(10)
  await signOut()
  expect((await get(url)).status).toBe(403)
  isSignedOut.resolve()
  await kept.settled()
  expect(await blobs.parts(address)).toEqual([])
})

test('a renewed token ends no download', async () => {
  const { index, get, kept } = await setUp()
  const { url, bytes } = await kept.inObjectStore(noise(1_000_000))
  const response = await get(url)
  await index.write([put('session', { ...(await index.get('session', 'session'))!, token: 'renewed' })])
  expect((await response.bytes()).length).toBe(bytes.length)
  await kept.settled()
})
