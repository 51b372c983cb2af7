/** Both integrity modes on the real S3: it checks payloads, and behind a proxy (`serveChecksums`) checksums as AWS does. */
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { sha256, toBase64, toHex } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IntegrityMode, Presigned } from '../object-store.ts'
import { expectBytes, readAll, someBytes, streamOf } from '../testing/bytes.ts'
import { objectStoreSuite, serveChecksums, type Serving } from '../testing/index.ts'
import { connect } from './connection.ts'
import { openS3Store, type S3Store } from './s3-store.ts'
import { testBucket } from '../testing/test-bucket.ts'

const target = testBucket('store')
let proxy: Serving

beforeAll(async () => {
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  proxy = await serveChecksums(target.endpoint)
})
afterAll(() => proxy?.close())

const open: Readonly<Record<IntegrityMode, () => Promise<S3Store>>> = {
  payload: () => openS3Store(target),
  checksum: () => openS3Store({ ...target, endpoint: proxy.url }),
}

describe.each(['payload', 'checksum'] as const)('mode %s', (integrity) => {
  objectStoreSuite(`s3, ${integrity}`, open[integrity])

  describe('what is signed', () => {
    let store: S3Store
    beforeAll(async () => {
      store = await open[integrity]()
    })
    afterAll(() => store?.close())

    const NAME = { payload: 'x-amz-content-sha256', checksum: 'x-amz-checksum-sha256' }[integrity]
    const write = { payload: toHex, checksum: toBase64 }[integrity]
    const bytes = someBytes(5000, 1)
    const others = someBytes(5000, 2)

    const signers = {
      'a put': async (key: string) =>
        store.signPut({ key, size: 5000, type: 'image/png', sha256: await sha256(bytes), expiresIn: 60 }),
      'a part': async (key: string) => {
        const uploadId = await store.multipart.start(key, { type: 'image/png' })
        return store.multipart.signPart({
          key,
          uploadId,
          number: 1,
          size: 5000,
          sha256: await sha256(bytes),
          expiresIn: 60,
        })
      },
    }
    const send = async ({ url }: Presigned, headers: Readonly<Record<string, string>>, body = bytes) => {
      const response = await fetch(url, { method: 'PUT', headers, body })
      return [response.status, /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]]
    }

    test('the mode is what the bucket was found to enforce', () => {
      expect(store.integrity).toBe(integrity)
    })

    test.each(Object.entries(signers))('%s: the digest, in a header', async (kind, sign) => {
      const { url, headers } = await sign(`signed-${crypto.randomUUID()}`)
      const more = kind === 'a put' ? { 'content-type': 'image/png', 'if-none-match': '*' } : {}
      expect(headers).toEqual({ ...more, [NAME]: write(await sha256(bytes)) })
      const signed = new URL(url).searchParams.get('X-Amz-SignedHeaders')
      expect(signed).toBe(['content-length', 'host', ...Object.keys(headers)].toSorted().join(';'))
    })

    test.each(Object.entries(signers))('%s: S3 itself refuses another digest, and none', async (_, sign) => {
      const signed = await sign(`signed-${crypto.randomUUID()}`)
      const { [NAME]: digest, ...without } = signed.headers
      const theirs = { ...without, [NAME]: write(await sha256(others)) }
      for (const headers of [theirs, without]) {
        for (const body of [bytes, others]) {
          expect(await send(signed, headers, body)).toEqual([403, 'SignatureDoesNotMatch'])
        }
      }
      expect((await send(signed, signed.headers, others))[0]).toBe(400)
      expect(await send(signed, { ...without, [NAME]: digest! })).toEqual([200, undefined])
    })
  })
})

test('checksums alone are not enough where a header that was not signed makes a put a copy', async () => {
  const lax = await serveChecksums(target.endpoint, { takesUnsigned: true })
  const store = await openS3Store({ ...target, endpoint: lax.url })
  expect(store.integrity).toBe('payload')
  await store.close()
  await lax.close()
})

describe('with checksums, the bucket proves what it holds', () => {
  const PART = 5 * 1024 * 1024
  const parts = [someBytes(PART, 1), someBytes(10, 2)]
  let store: S3Store
  beforeAll(async () => {
    store = await open.checksum()
  })
  afterAll(() => store?.close())

  const upload = async () => {
    const key = `proof-${crypto.randomUUID()}`
    const uploadId = await store.multipart.start(key, { type: 'video/mp4' })
    for (const [i, bytes] of parts.entries()) {
      const digest = await sha256(bytes)
      const put = await store.multipart.putPart(key, uploadId, i + 1, bytes, { size: bytes.length, sha256: digest })
      expect(put.sha256).toEqual(digest)
    }
    return { key, uploadId, listed: await store.multipart.listParts(key, uploadId) }
  }

  test('an object and its copy have its address; one that came as a stream of unknown digest has none', async () => {
    const key = `proof-${crypto.randomUUID()}`
    const bytes = parts[1]!
    const address = toHex(await sha256(bytes))
    await store.put(key, bytes, { size: bytes.length })
    await store.copy(key, `${key}-copy`)
    expect((await store.head(key)).address).toBe(address)
    expect((await store.head(`${key}-copy`)).address).toBe(address)
    await store.put(key, streamOf(someBytes(9_000_000)), { size: 9_000_000 })
    expect((await store.head(key)).address).toBeUndefined()
  })

  test('parts have their digests, the object made of them the address of content in parts', async () => {
    const { key, uploadId, listed } = await upload()
    const digests = await Promise.all(parts.map((bytes) => sha256(bytes)))
    expect(listed.map((part) => part.sha256)).toEqual(digests)
    await store.multipart.complete(key, uploadId, listed)
    const composite = toHex(await sha256(new Uint8Array(Buffer.concat(digests))))
    expect(await store.head(key)).toMatchObject({ address: `${composite}-2`, size: PART + 10 })
  })

  test('parts that are given with other digests, or none, make nothing', async () => {
    const { key, uploadId, listed } = await upload()
    const { complete } = store.multipart
    const [first, last] = listed as [(typeof listed)[0], (typeof listed)[0]]
    const swapped = [first, { ...last, sha256: first.sha256! }]
    await expect(complete(key, uploadId, swapped)).rejects.toMatchObject({ code: 'conflict' })
    const { sha256: _, ...unproven } = last
    await expect(complete(key, uploadId, [first, unproven])).rejects.toMatchObject({ code: 'bad_request' })
    expect(await store.exists(key)).toBe(false)
    await complete(key, uploadId, listed)
    expect(await store.exists(key)).toBe(true)
  })
})

test('an object that its uploader made unreadable by an unsigned grant is private again when it is looked at', async () => {
  const store = await open.payload()
  const bytes = someBytes(10)
  const request = { size: 10, type: 'text/plain', sha256: await sha256(bytes), expiresIn: 60 }
  for (const read of ['head', 'get'] as const) {
    const key = `granted/${read}`
    const { url, headers } = await store.signPut({ key, ...request })
    const everybody = 'uri=http://acs.amazonaws.com/groups/global/AllUsers'
    const put = await fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'x-amz-grant-read-acp': everybody },
      body: bytes,
    })
    expect(put.status).toBe(200)
    const signed = async () => (await fetch((await store.signGet({ key, expiresIn: 60 })).url)).status
    expect(await signed()).toBe(403)
    if (read === 'head') expect(await store.head(key)).toMatchObject({ size: 10 })
    else expectBytes(await readAll((await store.get(key)).body), bytes)
    expect(await signed()).toBe(200)
    await store.delete(key)
  }
  await store.close()
})
