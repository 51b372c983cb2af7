/**
 * Issue 4, "Bad input": S3 slow, down, answering 500 and 503 with Retry-After, and an hour of clock skew. A real signer
 * on the real S3, with a proxy in between that fails as told.
 */
import { createServer, request as forwarded, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { openS3Store } from '@rockpool/object-store/s3'
import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Content, contentOf, send, startOn, type TestSigner, token } from './testing/harness.ts'
import { clientOf, createdBucket } from '@rockpool/object-store/testing'

const HOUR = 3_600_000

/** What the proxy does to a request; `pass` sends it on to S3. */
type Fault = (request: IncomingMessage, response: ServerResponse, pass: () => void) => void

/** A proxy before an S3, on a port of its own. It keeps the Host header, which is signed. */
const startProxy = async (endpoint: string) => {
  let fault: Fault | undefined
  let failed = 0
  const { hostname, port } = new URL(endpoint)
  const server = createServer((request, response) => {
    const pass = () => {
      const { method, url: path, headers } = request
      const onward = forwarded({ hostname, port, method, path, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      request.pipe(onward)
    }
    if (!fault) return pass()
    failed++
    fault(request, response, pass)
  })
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (next: Fault | undefined) => void (fault = next),
    /** requests that met a fault */
    failed: () => failed,
    stop: () => {
      server.closeAllConnections()
      return new Promise((settle) => server.close(settle))
    },
  }
}

let s3: Awaited<ReturnType<typeof createdBucket>>
let direct: S3Client
let proxy: Awaited<ReturnType<typeof startProxy>>
const signers: TestSigner[] = []

beforeEach(async () => {
  s3 = await createdBucket('signer')
  direct = clientOf(s3)
  proxy = await startProxy(s3.endpoint)
})
afterEach(async () => {
  vi.useRealTimers()
  for (const signer of signers.splice(0)) {
    await signer.stop()
    await signer.store.close()
  }
  direct.destroy()
  await proxy.stop()
})

const behindProxy = () => ({ ...s3, endpoint: proxy.endpoint })
const startBehindProxy = async (): Promise<TestSigner> => {
  // A quarter of what S3 has otherwise: still far from what it takes when it is well.
  const signer = await startOn(await openS3Store({ ...behindProxy(), responseTimeoutMs: 5_000 }))
  signers.push(signer)
  return signer
}

/** What the S3 bucket holds, asked past the proxy. */
const held = async () => {
  const { Contents = [] } = await direct.send(new ListObjectsV2Command({ Bucket: s3.bucket }))
  const { Uploads = [] } = await direct.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
  return { objects: Contents.map(({ Key }) => Key), uploads: Uploads.map(({ UploadId }) => UploadId) }
}

/** An upload all of whose parts have arrived. */
const readyToComplete = async (signer: TestSigner, { address, size, digests, bytes }: Content) => {
  const request = { key: `reef/files/${address}`, size, digests, type: 'video/mp4' }
  const { json: begun } = await signer.call('POST', '/multipart', request)
  const uploadId = begun.uploadId as string
  const { json } = await signer.call('POST', '/multipart/parts', { ...request, uploadId, numbers: [1, 2] })
  expect((await send(json.parts[0], bytes.slice(0, PART_SIZE))).status).toBe(200)
  expect((await send(json.parts[1], bytes.slice(PART_SIZE))).status).toBe(200)
  return { ...request, uploadId }
}

const hang: Fault = () => {}
const cut: Fault = (request) => void request.socket.destroy()
/** An answer that tells more than it should: S3 repeats what was signed in some of its errors. */
const refuse =
  (status: number, headers: Record<string, string> = {}): Fault =>
  (request, response) => {
    request.resume()
    const { authorization } = request.headers
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    response.end(
      `<Error><Code>InternalError</Code><Message>${authorization}</Message><Key>${s3.secretKey}</Key></Error>`,
    )
  }

describe('S3 fails', () => {
  test.for<[string, Fault, string]>([
    ['hangs', hang, '5'],
    ['cuts the connection', cut, '5'],
    ['answers 500', refuse(500), '5'],
    ['answers 503 with Retry-After', refuse(503, { 'retry-after': '2' }), '2'],
  ])('%s: 503, when to try again, nothing written, no secret told', async ([, fault, retryAfter]) => {
    const signer = await startBehindProxy()
    const [single, fresh, whole] = [
      await contentOf(10),
      await contentOf(PART_SIZE + 1, 2),
      await contentOf(PART_SIZE + 2, 3),
    ]
    const upload = await readyToComplete(signer, whole)
    const bearer = await token({ reef: ['read', 'write', 'delete'] })
    const text = 'A small file, sent through the signer.'
    const { address } = await hashContent([new TextEncoder().encode(text)])
    const stored = `reef/files/${address}`
    expect((await signer.call('PUT', `/objects/${stored}`, text, bearer)).status).toBe(200)
    const before = await held()
    expect(before).toEqual({ objects: [stored], uploads: [upload.uploadId] })
    signer.lines.length = 0
    signer.events.length = 0

    proxy.fail(fault)
    const calls: [string, string, unknown?][] = [
      ['POST', '/upload-url', { key: `reef/files/${single.address}`, size: 10, type: 'image/png' }],
      ['GET', `/download-url?key=reef/files/${single.address}&check=1`],
      [
        'POST',
        '/multipart',
        { key: `reef/files/${fresh.address}`, size: fresh.size, digests: fresh.digests, type: 'video/mp4' },
      ],
      ['POST', '/multipart/complete', upload],
      ['POST', '/multipart/abort', { key: upload.key, uploadId: upload.uploadId }],
      ['PUT', `/objects/reef/site/${address}`, text],
      ['GET', `/objects/${stored}`],
      ['HEAD', `/objects/${stored}`],
      ['DELETE', `/objects/${stored}`],
      ['DELETE', `/objects?key=${stored}`],
    ]
    const [ready, ...answers] = await Promise.all([
      signer.call('GET', '/ready', undefined, null),
      ...calls.map(([method, path, body]) => signer.call(method, path, body, bearer)),
    ])
    expect(proxy.failed()).toBeGreaterThan(calls.length)

    for (const [i, { status, json, headers }] of answers.entries()) {
      const [method, path] = calls[i]!
      // The answer to HEAD has no body.
      const code = method === 'HEAD' ? undefined : 'storage_unavailable'
      expect([method, path, status, json?.error.code, headers.get('retry-after')]).toEqual([
        method,
        path,
        503,
        code,
        retryAfter,
      ])
    }
    expect(ready).toMatchObject({ status: 503, json: { ok: false, store: { mode: 's3', error: expect.any(String) } } })
    expect(signer.lines).toHaveLength(calls.length + 1)
    expect(signer.lines.every(({ status, route, error }) => status === 503 && (error || route === '/ready'))).toBe(true)
    expect(signer.events).toEqual([])
    const textOf = ({ text, headers }: (typeof answers)[number]) => text + JSON.stringify([...headers])
    const told = answers.map(textOf).join('\n')
    for (const text of [told, textOf(ready!), JSON.stringify([signer.lines, signer.events])]) {
      expect(text).not.toContain(s3.secretKey)
      expect(text).not.toContain(s3.accessKey)
      expect(text).not.toContain(bearer)
      expect(text).not.toMatch(/signature|credential|x-amz-/i)
    }
    expect(told).not.toContain(s3.bucket)
    // Only /ready says which endpoint fails.
    expect(told).not.toContain(new URL(proxy.endpoint).host)
    expect(await held()).toEqual(before)

    // The store is well again: so is the signer, and no byte that had arrived is lost.
    proxy.fail(undefined)
    expect((await signer.call('POST', '/multipart/complete', upload)).json).toMatchObject({ durable: true })
    expect((await held()).objects.toSorted()).toEqual([stored, upload.key, `${upload.key}.parts`].toSorted())
    expect((await signer.call('GET', `/objects/${stored}`, undefined, bearer)).text).toBe(text)
  })

  test('the answer to a complete is lost on its way: asked again by itself, and told as done', async () => {
    const signer = await startBehindProxy()
    const upload = await readyToComplete(signer, await contentOf(PART_SIZE + 3, 4))
    let lost = 0
    proxy.fail((request, response, pass) => {
      if (request.method === 'POST' && lost++ === 0) response.writeHead = () => response.destroy()
      pass()
    })
    expect((await signer.call('POST', '/multipart/complete', upload)).json).toMatchObject({ durable: true })
    expect(lost).toBeGreaterThan(1)
    expect(await held()).toEqual({ objects: [upload.key, `${upload.key}.parts`], uploads: [] })
  })
})

/** Sets this machine's clock; everything but the time of day goes on as before. */
const shiftClock = (ms: number) => {
  vi.useRealTimers()
  const real = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: real + ms, shouldAdvanceTime: true })
}

describe('an hour of clock skew', () => {
  /** Uploads and reads by presigned URLs, with a token of the signer's own time. */
  const roundTrip = async (signer: TestSigner, seed: number) => {
    const bearer = await token({ reef: ['read', 'write'] })
    const { address, bytes, size } = await contentOf(10, seed)
    const key = `reef/files/${address}`
    const put = await signer.call('POST', '/upload-url', { key, size, type: 'image/png' }, bearer)
    expect(put.json).toMatchObject({ status: 'put' })
    expect((await send(put.json, bytes)).status).toBe(200)
    const got = await signer.call('GET', `/download-url?key=${key}`, undefined, bearer)
    expect((await fetch(got.json.url)).status).toBe(200)
    return { put, got, key }
  }

  test.for([
    ['ahead', HOUR],
    ['behind', -HOUR],
  ] as const)('%s at the start: the SDK learns the time of S3, and URLs are signed and told in it', async ([, ms]) => {
    const real = Date.now()
    shiftClock(ms)
    const signer = await startBehindProxy()
    const { put, got } = await roundTrip(signer, 11)
    for (const { json } of [put, got]) expect(Math.abs(json.expiresAt - real)).toBeLessThan(HOUR / 6)
  })

  test.for([
    ['ahead', HOUR],
    ['behind', -HOUR],
  ] as const)('the clock is set %s while it runs: the next call works', async ([, ms]) => {
    const signer = await startBehindProxy()
    await roundTrip(signer, 12)
    shiftClock(ms)
    await roundTrip(signer, 13)
  })

  test.for([
    ['ahead', HOUR],
    ['behind', -HOUR],
  ] as const)(
    'was %s and is put right: a URL that needs no call to S3 is not signed in the old time',
    async ([, ms]) => {
      shiftClock(ms)
      const signer = await startBehindProxy()
      const { key } = await roundTrip(signer, 14)
      vi.useRealTimers()
      const bearer = await token({ reef: ['read'] })
      const { json } = await signer.call('GET', `/download-url?key=${key}`, undefined, bearer)
      expect((await fetch(json.url)).status).toBe(200)
      // Ceph takes a URL from the future, AWS does not.
      expect(Math.abs(json.expiresAt - Date.now())).toBeLessThan(HOUR / 6)
    },
  )
})
