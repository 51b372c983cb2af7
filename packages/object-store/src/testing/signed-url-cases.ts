import { describe, expect, test } from 'vitest'
import type { Presigned } from '../object-store.ts'
import { sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes } from './bytes.ts'
import type { Subject } from './object-store-suite.ts'

const send = async ({ url, headers }: Presigned, body: Uint8Array<ArrayBuffer>, changed: Record<string, string> = {}) =>
  (await fetch(url, { method: 'PUT', body, headers: { ...headers, ...changed } })).status

export const signedUrlCases = (subject: Subject): void => {
  const bytes = someBytes(5000, 3)

  const signPut = async (key: string, expiresIn = 60) =>
    subject.store.signPut({ key, size: 5000, type: 'image/png', sha256: await sha256(bytes), expiresIn })

  describe('a signed put', () => {
    test('stores exactly these bytes, once', async () => {
      const key = subject.prefix()
      const signed = await signPut(key)
      expect(await send(signed, bytes)).toBe(200)
      expect(await subject.store.head(key)).toMatchObject({ size: 5000, type: 'image/png' })
      expectBytes(await readAll((await subject.store.get(key)).body), bytes)
      expect(await send(signed, bytes)).toBe(412)
    })

    test.for([
      ['other bytes', (signed: Presigned) => send(signed, someBytes(5000, 4)), [400]],
      ['fewer bytes', (signed: Presigned) => send(signed, bytes.slice(0, 4999)), [400, 403]],
      ['more bytes', (signed: Presigned) => send(signed, someBytes(6000, 3)), [403, 413]],
      ['another type', (signed: Presigned) => send(signed, bytes, { 'content-type': 'text/html' }), [403]],
      [
        'no if-none-match',
        (signed: Presigned) => send({ ...signed, headers: without(signed, 'if-none-match') }, bytes),
        [403],
      ],
      ['another if-none-match', (signed: Presigned) => send(signed, bytes, { 'if-none-match': '"x"' }), [403]],
      ['another key', (signed: Presigned) => send({ ...signed, url: signed.url.replace('?', 'x?') }, bytes), [403]],
      ['a longer life', (signed: Presigned) => send({ ...signed, url: prolong(signed.url) }, bytes), [403]],
    ] as const)('refuses %s, and nothing is there', async ([, attempt, statuses]) => {
      const key = subject.prefix()
      expect(statuses).toContain(await attempt(await signPut(key)))
      expect(await subject.store.exists(key)).toBe(false)
      expect(await subject.store.exists(`${key}x`)).toBe(false)
    })

    test('becomes no copy of another object by a header that was not signed', async () => {
      const key = subject.prefix()
      await subject.store.put(`${key}-other`, someBytes(5000, 4), { size: 5000 })
      const signed = await signPut(key)
      const bucket = new URL(signed.url).pathname.split('/')[1]
      await send(signed, bytes, { 'x-amz-copy-source': `${bucket}/${key}-other` })
      // Where the header is not refused, it does nothing.
      expect([200, 412]).toContain(await send(signed, bytes))
      expectBytes(await readAll((await subject.store.get(key)).body), bytes)
    })

    test('that names an encoding is read as it was sent', async () => {
      const key = subject.prefix()
      expect(await send(await signPut(key), bytes, { 'content-encoding': 'gzip' })).toBe(200)
      const { url, headers } = await subject.store.signGet({ key, expiresIn: 60 })
      expectBytes(await (await fetch(url, { headers })).bytes(), bytes)
      expectBytes(await readAll((await subject.store.get(key)).body), bytes)
    })

    test('does not read, and a signed get does not write', async () => {
      const key = subject.prefix()
      expect((await fetch((await signPut(key)).url)).status).toBe(403)
      expect(await send(await subject.store.signGet({ key, expiresIn: 60 }), bytes)).toBe(403)
      expect(await subject.store.exists(key)).toBe(false)
    })

    test('of an empty object: nothing at all, and only under the digest of nothing', async () => {
      const key = subject.prefix()
      const empty = new Uint8Array()
      const signEmpty = async (content: Uint8Array<ArrayBuffer>) =>
        subject.store.signPut({ key, size: 0, type: 'text/plain', sha256: await sha256(content), expiresIn: 60 })
      const refused = await signEmpty(bytes).then(
        (signed) => send(signed, empty),
        (error: { code: string }) => error.code,
      )
      expect([400, 'digest_mismatch']).toContain(refused)
      const signed = await signEmpty(empty)
      expect(await send(signed, bytes)).toBeGreaterThanOrEqual(400)
      expect(await subject.store.exists(key)).toBe(false)
      expect(await send(signed, empty)).toBe(200)
      expect((await subject.store.head(key)).size).toBe(0)
    })

    test.for([0, -1, 604_801, 1.5, Number.NaN])('a life of %d seconds is refused', async (expiresIn) => {
      await expect(signPut(subject.prefix(), expiresIn)).rejects.toMatchObject({ code: 'bad_request' })
    })
  })

  describe('a signed get', () => {
    test('reads all, ranges, with the type and disposition that were signed', async () => {
      const key = subject.prefix()
      await subject.store.put(key, bytes, { size: 5000, type: 'application/octet-stream' })
      const { url, headers, expiresAt } = await subject.store.signGet({
        key,
        expiresIn: 60,
        responseType: 'image/webp',
        responseDisposition: 'attachment; filename="reef.webp"',
      })
      expect(Math.abs(expiresAt - Date.now() - 60_000)).toBeLessThan(10_000)
      const whole = await fetch(url, { headers })
      expect(whole.status).toBe(200)
      expect(whole.headers.get('content-type')).toBe('image/webp')
      expect(whole.headers.get('content-disposition')).toBe('attachment; filename="reef.webp"')
      expectBytes(await whole.bytes(), bytes)
      const part = await fetch(url, { headers: { ...headers, range: 'bytes=1000-1999' } })
      expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1000-1999/5000'])
      expectBytes(await part.bytes(), bytes.slice(1000, 2000))
      expect((await fetch(url, { headers: { ...headers, range: 'bytes=5000-' } })).status).toBe(416)
      expect((await fetch(url.replace('webp', 'html'), { headers })).status).toBe(403)
      const fresh = await fetch(url, { headers: { ...headers, 'if-none-match': whole.headers.get('etag')! } })
      expect(fresh.status).toBe(304)
    })

    test('of what is not there is 404', async () => {
      const { url, headers } = await subject.store.signGet({ key: subject.prefix(), expiresIn: 60 })
      expect((await fetch(url, { headers })).status).toBe(404)
    })

    test('expires', async () => {
      const key = subject.prefix()
      await subject.store.put(key, bytes, { size: 5000 })
      const { url, headers } = await subject.store.signGet({ key, expiresIn: 1 })
      const status = async () => {
        const response = await fetch(url, { headers })
        await response.body?.cancel()
        return response.status
      }
      await expect.poll(status, { timeout: 5000 }).toBe(403)
    })
  })
}

const without = ({ headers }: Presigned, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name))

const prolong = (url: string): string => {
  const longer = new URL(url)
  for (const name of ['expires', 'X-Amz-Expires']) {
    if (longer.searchParams.has(name)) longer.searchParams.set(name, `${longer.searchParams.get(name)}9`)
  }
  return longer.href
}
