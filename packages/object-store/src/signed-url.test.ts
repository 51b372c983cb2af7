import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ObjectGrant, signLocalUrl, verifyLocalUrl } from './signed-url.ts'

const SECRET = 'a secret of this test only, 32 characters'
const BASE = 'https://files.example/signer/'
const NOW = 1_800_000_000_000

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const key = fc
  .array(
    text.map((segment) => segment.replaceAll(/[/\\.]/g, 'x')),
    { minLength: 1, maxLength: 3 },
  )
  .map((s) => s.join('/'))
const size = fc.nat({ max: 2 ** 40 })
const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes))
const grants: fc.Arbitrary<ObjectGrant> = fc.oneof(
  fc.record(
    { method: fc.constant('GET' as const), key, responseType: text, responseDisposition: text },
    { requiredKeys: ['method', 'key'] },
  ),
  fc.record({ method: fc.constant('PUT' as const), key, size, type: text, sha256 }),
  fc.record({
    method: fc.constant('PUT' as const),
    key,
    size,
    sha256,
    uploadId: text,
    number: fc.integer({ min: 1, max: 10_000 }),
  }),
)

const asked = (url: string, method: string, now = NOW) => {
  const { pathname, searchParams } = new URL(url)
  expect(pathname.startsWith('/signer/objects/')).toBe(true)
  return { method, key: decodeURIComponent(pathname.slice('/signer/objects/'.length)), query: searchParams, now }
}

const FORBIDDEN = { name: 'RockpoolError', code: 'forbidden' }

test('a signed URL gives back exactly what was granted', async () => {
  await fc.assert(
    fc.asyncProperty(grants, async (grant) => {
      const url = await signLocalUrl(SECRET, BASE, grant, NOW + 1000)
      expect(await verifyLocalUrl(SECRET, asked(url, grant.method))).toEqual(grant)
    }),
  )
})

test('no change of any character of its query or key passes', async () => {
  await fc.assert(
    fc.asyncProperty(grants, fc.nat(), fc.constantFrom('0', 'a', 'Z', '&x=1'), async (grant, where, other) => {
      const url = await signLocalUrl(SECRET, BASE, grant, NOW + 1000)
      const from = '/signer/objects/'.length
      const { pathname, search } = new URL(url)
      const rest = pathname.slice(from) + search
      const at = where % rest.length
      const changed = new URL(`${BASE}objects/${rest.slice(0, at)}${other}${rest.slice(at + 1)}`)
      const before = asked(url, grant.method)
      let request: ReturnType<typeof asked>
      try {
        request = asked(changed.href, grant.method)
      } catch {
        return // no URL at all
      }
      const same = (q: URLSearchParams) =>
        [...q]
          .map(([name, value]) => `${name}\n${value}`)
          .toSorted()
          .join('\n\n')
      fc.pre(request.key !== before.key || same(request.query) !== same(before.query))
      await expect(verifyLocalUrl(SECRET, request)).rejects.toMatchObject(FORBIDDEN)
    }),
    { numRuns: 500 },
  )
})

test('another method, secret or time does not pass; HEAD counts as GET', async () => {
  const get = await signLocalUrl(SECRET, BASE, { method: 'GET', key: 'a/b' }, NOW + 1000)
  expect(await verifyLocalUrl(SECRET, asked(get, 'HEAD'))).toEqual({ method: 'GET', key: 'a/b' })
  for (const method of ['PUT', 'DELETE', 'POST']) {
    await expect(verifyLocalUrl(SECRET, asked(get, method))).rejects.toMatchObject(FORBIDDEN)
  }
  await expect(verifyLocalUrl(`${SECRET}x`, asked(get, 'GET'))).rejects.toMatchObject(FORBIDDEN)
  await expect(verifyLocalUrl(SECRET, asked(get, 'GET', NOW + 999))).resolves.toBeDefined()
  await expect(verifyLocalUrl(SECRET, asked(get, 'GET', NOW + 1000))).rejects.toThrow('expired')
})

test.for(['', 'x', 'ABCDEF', '0'.repeat(63), 'g'.repeat(64)])('signature %j is refused', async (signature) => {
  const url = new URL(await signLocalUrl(SECRET, BASE, { method: 'GET', key: 'a/b' }, NOW + 1000))
  url.searchParams.set('signature', signature)
  await expect(verifyLocalUrl(SECRET, asked(url.href, 'GET'))).rejects.toMatchObject(FORBIDDEN)
  url.searchParams.delete('signature')
  await expect(verifyLocalUrl(SECRET, asked(url.href, 'GET'))).rejects.toMatchObject(FORBIDDEN)
})
