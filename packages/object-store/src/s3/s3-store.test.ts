/** What Ceph cannot show: other vendors, and S3 that fails. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PART_SIZE, sha256 } from '@rockpool/protocol'
import { streamOf } from '../testing/bytes.ts'
import type { Serving } from '../testing/serve-fetch.ts'
import { connect } from './connection.ts'
import { type FakeVendor, serveFakeS3 } from './fake-s3.test.server.ts'
import { openS3Store, type S3StoreOptions } from './s3-store.ts'

let serving: Serving | undefined
afterEach(async () => {
  await serving?.close()
  serving = undefined
  vi.unstubAllEnvs()
})

const KEYS = { accessKey: 'key', secretKey: 'secret' }

const open = async (vendor: FakeVendor, options: Partial<S3StoreOptions> = KEYS) => {
  serving = await serveFakeS3(vendor)
  return openS3Store({ endpoint: serving.url, region: 'us-east-1', bucket: 'b', forcePathStyle: true, ...options })
}

const bytes = new TextEncoder().encode('abc')

test.for<FakeVendor>([{}, { checksum: true, payload: true, exceptParts: true }])(
  'a bucket that keeps wrong bytes is refused: %j',
  async (vendor) => {
    await expect(open(vendor)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('stores bytes'),
    })
  },
)

/** Answers uploads of which `refuses` is true with a status. */
const refusing = (status: number, refuses: (headers: Headers) => boolean): FakeVendor => ({
  checksum: true,
  payload: true,
  instead: ({ method, headers }) => (method === 'PUT' && refuses(headers) ? new Response(null, { status }) : undefined),
})

test.for([400, 501])('a bucket that knows no If-None-Match, and answers %i, is refused for that', async (status) => {
  await expect(open(refusing(status, (headers) => headers.has('if-none-match')))).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('If-None-Match'),
  })
})

test('a bucket that has not implemented copies of this kind copies nothing', async () => {
  const store = await open(refusing(501, (headers) => headers.has('x-amz-copy-source')))
  expect(store.integrity).toBe('checksum')
  await store.close()
})

test('a bucket with Object Lock takes no upload without a checksum, and is asked with one', async () => {
  const store = await open(refusing(400, (headers) => !headers.has('x-amz-checksum-sha256')))
  expect(store.integrity).toBe('checksum')
  await store.close()
})

test('an encoding that who uploaded has named is not told to who reads: fetch would decode by it', async () => {
  const asked: (string | null)[] = []
  const store = await open({
    payload: true,
    instead: ({ method, url }) => {
      if (method !== 'GET') return undefined
      asked.push(new URL(url).searchParams.get('response-content-encoding'))
      return new Response(bytes, { headers: { 'content-length': '3' } })
    },
  })
  await (await store.get('a')).body.cancel()
  expect(asked).toEqual(['identity'])
  await store.close()
})

test.for<FakeVendor>([
  { payload: true, copies: 'puts' },
  { checksum: true, payload: true, copies: 'parts' },
])('a bucket that copies what a header names that nobody signed is refused: %j', async (vendor) => {
  await expect(open(vendor)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('x-amz-copy-source'),
  })
})

const failing = (status: number, headers = {}): FakeVendor => ({
  instead: () => new Response(null, { status, headers }),
})

test.for([
  [404, 'misconfigured'],
  [403, 'denied'],
  [500, 'unavailable'],
  [503, 'unavailable'],
] as const)('a bucket that answers %i: %s', async ([status, code]) => {
  await expect(open(failing(status))).rejects.toMatchObject({ code })
})

test('an S3 that fails is named, with its status', async () => {
  await expect(open(failing(500))).rejects.toThrow(/^S3 at http:\/\/\S+ fails \(500 \S+\)\. Try again\.$/)
})

test('says when to try again, as S3 did', async () => {
  await expect(open(failing(503, { 'retry-after': '1' }))).rejects.toMatchObject({ retryAfterMs: 1000 })
})

test('nobody listens: unavailable; a wrong endpoint or half of the keys: misconfigured', async () => {
  const nobody = { endpoint: 'http://127.0.0.1:1', region: 'r', bucket: 'b', ...KEYS }
  await expect(openS3Store({ ...nobody, endpoint: 'http://user:pass@127.0.0.1:1/secret' })).rejects.toMatchObject({
    code: 'unavailable',
    message: 'S3 at http://127.0.0.1:1 cannot be reached (ECONNREFUSED). Check that it runs, and its endpoint.',
  })
  await expect(openS3Store({ ...nobody, endpoint: 'nowhere' })).rejects.toMatchObject({ code: 'misconfigured' })
  await expect(openS3Store({ ...nobody, secretKey: undefined })).rejects.toMatchObject({ code: 'misconfigured' })
})

test('a server an hour ahead: URLs are signed in its time', async () => {
  const hour = 3_600_000
  const store = await open({ payload: true, clockOffset: hour })
  const { url } = await store.signGet({ key: 'a', expiresIn: 60 })
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(
    new URL(url).searchParams.get('X-Amz-Date')!,
  )!
  expect(Math.abs(Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) - Date.now() - hour)).toBeLessThan(60_000)
  await store.close()
})

test('a URL ends with the credentials of a role that signed it', async () => {
  const end = Math.floor(Date.now() / 1_000) * 1_000 + 600_000
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key').stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_CREDENTIAL_EXPIRATION', new Date(end).toISOString())
  const store = await open({ payload: true }, {})
  expect(await store.signGet({ key: 'a', expiresIn: 3_600 })).toMatchObject({ expiresAt: end })
  expect((await store.signGet({ key: 'a', expiresIn: 60 })).expiresAt).toBeLessThan(end)
  await store.close()
})

describe('time for an answer', () => {
  /** Hangs for keys `hung`, and sends the second half of `slow` bodies when told to. */
  const openImpatient = async (answers: FakeVendor = {}) => {
    const released = Promise.withResolvers<void>()
    const halves = (first: Uint8Array, second: Uint8Array) =>
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        async start(controller) {
          controller.enqueue(new Uint8Array(first))
          await released.promise
          controller.enqueue(new Uint8Array(second))
          controller.close()
        },
      })
    const instead = (request: Request) => {
      if (request.url.includes('hung')) return new Promise<Response>(() => {})
      if (request.method === 'GET') {
        return new Response(halves(bytes, bytes), { headers: { 'content-length': '6' } })
      }
      if (request.url.includes('uploadId=slow')) return new Response(halves(BLANKS, COMPLETED))
      return answers.instead?.(request)
    }
    const store = await open({ payload: true, instead }, { ...KEYS, responseTimeoutMs: 500 })
    return { store, halves, release: released.resolve }
  }
  const BLANKS = new TextEncoder().encode('<?xml version="1.0" encoding="UTF-8"?>\n   ')
  const COMPLETED = new TextEncoder().encode(
    '<CompleteMultipartUploadResult><ETag>"made"</ETag></CompleteMultipartUploadResult>',
  )
  const silent = { code: 'unavailable', cause: { name: 'TimeoutError' } }

  test('S3 hangs: unavailable, all attempts together', async () => {
    const { store } = await openImpatient()
    await expect(store.head('hung')).rejects.toMatchObject(silent)
    await expect(store.get('hung')).rejects.toMatchObject(silent)
    await expect(store.put('hung', bytes, { size: 3 })).rejects.toMatchObject(silent)
    await store.close()
  })

  test('S3 says to wait for a minute: unavailable before it is over, and when to try again', async () => {
    const busy = (request: Request) =>
      request.url.includes('busy') ? new Response(null, { status: 503, headers: { 'retry-after': '60' } }) : undefined
    const { store } = await openImpatient({ instead: busy })
    await expect(store.head('busy')).rejects.toMatchObject({ ...silent, retryAfterMs: 60_000 })
    await store.close()
  })

  test('what is under way then goes on: a download, an upload, an object being put together', async () => {
    const { store, halves, release } = await openImpatient()
    const { body } = await store.get('slow')
    const large = new Uint8Array(PART_SIZE)
    const whole = { size: PART_SIZE + 3, sha256: await sha256(new Uint8Array([...large, ...bytes])) }
    const sent = store.put('slow', halves(large, bytes), whole)
    const made = store.multipart.complete('slow', 'slow', [{ number: 1, size: 3, etag: '"e"' }])
    await expect(store.head('hung')).rejects.toMatchObject(silent)
    release()
    expect((await new Response(body).arrayBuffer()).byteLength).toBe(6)
    expect(await sent).toMatchObject({ durable: true })
    expect(await made).toMatchObject({ etag: '"made"' })
    await store.close()
  })
})

test('an answer that ends early is an error, not a short file', async () => {
  const store = await open({
    payload: true,
    instead: (request) =>
      request.method === 'GET'
        ? new Response(streamOf(new Uint8Array(1_000_000), { end: 'fail' }), {
            headers: { 'content-length': '2000000' },
          })
        : undefined,
  })
  const { body } = await store.get('a')
  await expect(new Response(body).arrayBuffer()).rejects.toMatchObject({ code: 'unavailable' })
  await store.close()
})

test('a hundred readers who take their time keep nobody waiting', async () => {
  const store = await open({
    payload: true,
    instead: (request) =>
      request.method === 'GET'
        ? new Response(streamOf(new Uint8Array(1_000), { end: 'hang' }), { headers: { 'content-length': '2000' } })
        : undefined,
  })
  const slow = await Promise.all(Array.from({ length: 100 }, () => store.get('a')))
  expect(await store.head('b')).toMatchObject({ size: 3 })
  await Promise.all(slow.map(({ body }) => body.cancel()))
  await store.close()
})

test('virtual hosts and AWS itself: the URL names the bucket in its host', async () => {
  const hostOf = async (options: Partial<S3StoreOptions>) => {
    const { presign } = connect({ region: 'eu-central-1', bucket: 'reef', ...KEYS, ...options })
    return new URL((await presign.download('a/b', {}, 60)).url)
  }
  expect((await hostOf({ endpoint: 'https://s3.example:9000' })).href).toMatch(
    /^https:\/\/reef\.s3\.example:9000\/a\/b\?/,
  )
  expect((await hostOf({})).href).toMatch(/^https:\/\/reef\.s3\.eu-central-1\.amazonaws\.com\/a\/b\?/)
  expect((await hostOf({ endpoint: 'https://s3.example/base', forcePathStyle: true })).pathname).toBe('/base/reef/a/b')
})

test('signs for the endpoint that browsers reach, and probes at its own', async () => {
  const options = { region: 'us-east-1', bucket: 'reef', forcePathStyle: true, ...KEYS }
  const { presign, presignPublic } = connect({
    ...options,
    endpoint: 'http://s3:9000',
    publicEndpoint: 'https://files.example',
  })
  expect((await presign.download('a', {}, 60)).url).toMatch(/^http:\/\/s3:9000\/reef\/a\?/)
  expect((await presignPublic.download('a', {}, 60)).url).toMatch(/^https:\/\/files\.example\/reef\/a\?/)
  expect(() => connect({ ...options, publicEndpoint: 'files.example' })).toThrow('not a URL')
})

test('without keys the default credential chain is asked', async () => {
  const before = { ...process.env }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'from-the-chain', AWS_SECRET_ACCESS_KEY: 'x' })
  try {
    const store = await open({ payload: true }, {})
    const { url } = await store.signGet({ key: 'a', expiresIn: 60 })
    expect(new URL(url).searchParams.get('X-Amz-Credential')).toMatch(/^from-the-chain\//)
    await store.close()
  } finally {
    process.env = before
  }
})
