import { OCTET_STREAM, RockpoolError } from '@rockpool/protocol'
import { expect, test, vi } from 'vitest'
import { objectUrlType, sharedObjectUrls } from './object-urls.ts'

const setUp = () => {
  const live = new Set<string>()
  let last = 0
  const urls = {
    createObjectURL: vi.fn(() => {
      const url = `blob:${++last}`
      live.add(url)
      return url
    }),
    revokeObjectURL: (url: string) => void live.delete(url),
  }
  return { live, urls, objectUrls: sharedObjectUrls(urls) }
}
const blob = async () => new Blob()

test.each([
  ['image/png', 'image/png'],
  ['text/plain;charset=utf-8', 'text/plain;charset=utf-8'],
  ['application/pdf', 'application/pdf'],
  ['text/html', OCTET_STREAM],
  ['Text/HTML; charset=utf-8', OCTET_STREAM],
  ['application/xhtml+xml', OCTET_STREAM],
  ['text/xml', OCTET_STREAM],
  ['image/svg+xml', OCTET_STREAM],
  ['image/svg+xml\t;a=b', OCTET_STREAM],
  ['text/javascript', OCTET_STREAM],
  ['nonsense', OCTET_STREAM],
  ['', OCTET_STREAM],
  ['image/png\t;\ta="b\tc"', 'image/png ; a="b c"'],
])('an object URL of the type %j has the type %j, and its Blob keeps that', (type, safe) => {
  expect(objectUrlType(type)).toBe(safe)
  expect(new Blob([], { type: safe }).type).toBe(safe)
})

test('callers of one content share a URL, which the last release revokes', async () => {
  const { live, objectUrls } = setUp()
  const open = vi.fn(blob)
  const [a, b, other] = await Promise.all(['reef', 'reef', 'cape'].map((name) => objectUrls.acquire(name, open)))
  expect([a!.url === b!.url, a!.url === other!.url, open.mock.calls.length]).toEqual([true, false, 2])
  a!.release()
  a!.release()
  const late = await objectUrls.acquire('reef', open)
  b!.release()
  expect([live.size, late.url]).toEqual([2, a!.url])
  late.release()
  await expect.poll(() => [...live]).toEqual([other!.url])
  expect((await objectUrls.acquire('reef', open)).url).not.toBe(a!.url)
})

test('a caller that leaves stops the opening only when it is the last one', async () => {
  const { live, urls, objectUrls } = setUp()
  const opening = Promise.withResolvers<Blob>()
  let stopped: AbortSignal | undefined
  const open = (signal: AbortSignal) => {
    stopped = signal
    return opening.promise
  }
  const [first, second] = [new AbortController(), new AbortController()]
  const acquired = [first, second].map(({ signal }) => objectUrls.acquire('reef', open, signal))
  first.abort()
  await expect(acquired[0]).rejects.toMatchObject({ code: 'aborted' })
  expect(stopped!.aborted).toBe(false)
  second.abort()
  await expect(acquired[1]).rejects.toMatchObject({ code: 'aborted' })
  expect(stopped!.aborted).toBe(true)
  opening.resolve(new Blob())
  await opening.promise
  expect([live.size, urls.createObjectURL.mock.calls.length]).toEqual([0, 0])
})

test('content that could not be opened is opened again by the next caller', async () => {
  const { objectUrls } = setUp()
  const offline = new RockpoolError('offline', 'This file is not on this device.')
  await expect(objectUrls.acquire('reef', async () => Promise.reject(offline))).rejects.toBe(offline)
  expect((await objectUrls.acquire('reef', blob)).url).toBe('blob:1')
})

test('revokeAll revokes what was not released, also when it opens later', async () => {
  const { live, objectUrls } = setUp()
  const acquired = await objectUrls.acquire('reef', blob)
  const opening = objectUrls.acquire('cape', blob)
  objectUrls.revokeAll()
  await expect(opening).rejects.toThrow()
  await expect.poll(() => live.size).toBe(0)
  acquired.release()
})
