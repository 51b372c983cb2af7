import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { fetchSigner } from '@rockpool/core/signer'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '@rockpool/core/testing'
import {
  AUDIENCE,
  FORMER_SECRET,
  ISSUER,
  keyPairCases,
  SECRET,
  sharedSecretCases,
  startIdentityProvider,
} from '@rockpool/access/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { token, TOKEN_SECRET } from './testing/harness.ts'
import { openS3Store } from '@rockpool/object-store/s3'
import { createdBucket } from '@rockpool/object-store/testing'
import type { RemoteKey } from '@rockpool/protocol'
import { startWorker, type TestWorker } from './testing/workers.ts'
import { makeWorkerSigner, readBindings } from './workers.ts'

let bindings: Record<string, unknown>
let worker: TestWorker
beforeAll(async () => {
  const { endpoint, region, bucket, accessKey, secretKey } = await createdBucket('signer')
  bindings = {
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_BUCKETS: SIGNER_SUITE_BUCKETS,
    ARTIFACT_ENDPOINT: endpoint,
    ARTIFACT_REGION: region,
    ARTIFACT_BUCKET: bucket,
    ARTIFACT_ACCESS_KEY: accessKey,
    ARTIFACT_SECRET_KEY: secretKey,
    ARTIFACT_FORCE_PATH_STYLE: true,
  }
  worker = await startWorker(bindings)
}, 60_000)
afterAll(() => worker?.stop())

let stores = 0
signerSuite('fetchSigner with the Worker, S3', async () => {
  const storeId = `reef${++stores}`
  let { url } = worker
  return {
    signer: fetchSigner({
      url: '/signer',
      token: () => token({ [storeId]: ['read', 'write', 'delete'] }),
      fetch: (path, init) => fetch(`${url}${String(path)}`, init),
    }),
    storeId,
    fetch,
    // Nothing listens there: the one Worker serves all tests.
    disconnect: async () => void (url = 'http://127.0.0.1:1'),
    [Symbol.asyncDispose]: async () => {},
  }
})

test('says which content the S3 bucket has', async () => {
  const storeId = `reef${++stores}`
  const [there, missing] = ['a', 'b'].map((digit) => `${storeId}/files/${digit.repeat(64)}` as RemoteKey)
  const store = await openS3Store(readBindings(bindings).s3)
  onTestFinished(() => store.close())
  await store.put(there!, new Uint8Array(1), { size: 1 })
  const { hasContent } = makeWorkerSigner()
  const { signal } = new AbortController()
  expect(await hasContent(bindings, there!, signal)).toBe(true)
  expect(await hasContent(bindings, missing!, signal)).toBe(false)
  await expect(makeWorkerSigner().hasContent({}, there!, signal)).rejects.toMatchObject({ code: 'bad_request' })
})

const syncHead = ({ url }: TestWorker, bearer: string | undefined): Promise<Response> =>
  fetch(`${url}/sync/reef/head`, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } })

const syncSocket = ({ url }: TestWorker, bearer: string): WebSocket => {
  const protocol = `rockpool.bearer.${Buffer.from(bearer).toString('base64url')}`
  return new WebSocket(`${url.replace('http', 'ws')}/sync/reef/live`, ['rockpool.v1', protocol])
}

describe('the sync server beside it', () => {
  test.each([
    ['no token', async () => undefined, 401],
    ['a token for another store', () => token({ reef10: ['read'] }), 403],
    ['a token that may write but not read', () => token({ reef: ['write'] }), 403],
  ])('refuses %s', async (_, make, status) => {
    expect((await syncHead(worker, await make())).status).toBe(status)
  })

  test('responds to a reader, and opens a WebSocket of the Durable Object', async () => {
    const bearer = await token({ reef: ['read'] })
    const { backendId, head } = await (await syncHead(worker, bearer)).json()
    const socket = syncSocket(worker, bearer)
    const first = await new Promise<string>((resolve) =>
      socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true }),
    )
    expect(JSON.parse(first)).toEqual({ backendId, since: 0, head, events: [] })
    socket.close()
  })

  test('sends an append to the WebSockets of the store', async () => {
    const socket = syncSocket(worker, await token({ reef: ['read'] }))
    const heads: number[] = []
    socket.addEventListener('message', ({ data }) => heads.push(JSON.parse(String(data)).head))
    await expect.poll(() => heads).toEqual([0])
    const event = { name: 'v1.Note', args: {}, seqNum: 1, parentSeqNum: 0, clientId: 'c', sessionId: 's' }
    const response = await fetch(`${worker.url}/sync/reef/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await token({ reef: ['read', 'write'] })}` },
      body: JSON.stringify({ parent: 0, events: [event] }),
    })
    expect(response.status).toBe(200)
    await expect.poll(() => heads).toEqual([0, 1])
    socket.close()
  })
})

describe('signer and sync server take the same tokens', () => {
  const claims = { sub: 'ada', stores: { reef: ['read'] } }
  const who = { ROCKPOOL_JWT_ISSUER: ISSUER, ROCKPOOL_JWT_AUDIENCE: AUDIENCE }
  const started = async (tokens: Record<string, unknown>) => {
    const taker = await startWorker({ ...bindings, ROCKPOOL_JWT_SECRET: undefined, ...tokens, ...who })
    onTestFinished(() => taker.stop())
    return taker
  }
  const answers = async (taker: TestWorker, bearer: string) => {
    const key = `reef/files/${'a'.repeat(64)}`
    const headers = { authorization: `Bearer ${bearer}` }
    const [signed, synced] = await Promise.all([
      fetch(`${taker.url}/signer/download-url?key=${key}`, { headers }),
      syncHead(taker, bearer),
    ])
    return { signer: signed.status, sync: synced.status }
  }
  const TAKEN = { signer: 200, sync: 200 }
  const REFUSED = { signer: 401, sync: 401 }

  test('by a shared secret, with issuer and audience', async () => {
    const taker = await started({ ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_JWT_SECRET_FORMER: FORMER_SECRET })
    for (const { what, taken, token } of sharedSecretCases(claims)) {
      expect(await answers(taker, await token()), what).toEqual(taken ? TAKEN : REFUSED)
    }
  })

  test('by the keys of an identity provider, and none while these can’t be had', async () => {
    const provider = await startIdentityProvider()
    onTestFinished(() => provider.stop())
    const taker = await started({ ROCKPOOL_JWKS_URL: provider.url })
    const cases = keyPairCases(provider, claims)
    provider.respondWith(500, '')
    const { token: good } = cases.find(({ taken }) => taken)!
    expect(await answers(taker, await good())).toEqual({ signer: 503, sync: 503 })
    await provider.publish('one')
    for (const { what, taken, token } of cases) {
      expect(await answers(taker, await token()), what).toEqual(taken ? TAKEN : REFUSED)
    }
  })
})

test('other paths are nobody’s', async () => {
  for (const path of ['/', '/signer', '/signerx/health', '/sync', '/sync/x', '/download-url']) {
    expect((await fetch(worker.url + path)).status).toBe(404)
  }
})

test('the log has a line for each request and decision, without token or signed URL', async () => {
  const bearer = await token({ reef: ['read', 'write'] })
  const key = `reef/files/${'a'.repeat(64)}`
  const response = await fetch(`${worker.url}/signer/download-url?key=${key}`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  expect(response.status).toBe(200)
  const id = response.headers.get('x-request-id')!
  await expect.poll(() => worker.log()).toContain(id)
  expect(worker.log()).not.toContain(bearer)
  expect(worker.log()).not.toContain('X-Amz-Signature')
})

describe('a Worker that is configured wrongly', () => {
  test.each([
    ['ROCKPOOL_JWT_SECRET', undefined],
    ['ROCKPOOL_JWT_SECRET', 'short-secret'],
    ['ROCKPOOL_BUCKETS', 'photos'],
    ['ARTIFACT_SECRET_KEY', undefined],
    ['ARTIFACT_SECRET_KEY', 'not-the-secret-key'],
    ['ARTIFACT_BUCKET', 'rockpool-no-such-bucket'],
  ])('%s: %s', async (name, value) => {
    const wrong = await startWorker({ ...bindings, [name]: value })
    try {
      const key = `reef/files/${'a'.repeat(64)}`
      for (const path of ['/health', `/download-url?key=${key}`, `/public/${key}`]) {
        const response = await fetch(`${wrong.url}/signer${path}`, {
          headers: { authorization: `Bearer ${await token({ reef: ['read'] })}` },
        })
        expect(response.status).toBe(503)
        expect(response.headers.get('content-type')).toContain('application/json')
        const text = await response.text()
        const { error } = JSON.parse(text)
        expect(error.code).toBe('storage_unavailable')
        expect(error.message).toMatch(
          name.startsWith('ROCKPOOL_') || value === undefined
            ? name
            : /S3 bucket does not exist|S3 refused the credentials/,
        )
        for (const secret of ['short-secret', 'not-the-secret-key', TOKEN_SECRET]) expect(text).not.toContain(secret)
      }
      // The sync server needs no S3 bucket: a wrong binding of S3 does not concern it.
      const sync = await syncHead(wrong, await token({ reef: ['read'] }))
      expect(sync.status).toBe(name.startsWith('ARTIFACT_') ? 200 : 503)
      if (sync.status === 503) {
        const { error } = await sync.json()
        expect(error.code).toBe('storage_unavailable')
        expect(error.message).toMatch(new RegExp(`^${name}: [^\\n]+\\.$`))
      }
    } finally {
      await wrong.stop()
    }
  })

  test('an S3 that never answers', async () => {
    const asked: Socket[] = []
    const silent = createServer((socket) => void asked.push(socket))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    const wrong = await startWorker({ ...bindings, ARTIFACT_ENDPOINT: `http://127.0.0.1:${port}` })
    try {
      const response = await fetch(`${wrong.url}/signer/health`)
      expect(asked.length).toBeGreaterThan(0)
      expect(response.status).toBe(503)
      expect((await response.json()).error.message).toContain('The S3 bucket did not respond within 10 s.')
    } finally {
      await wrong.stop()
      for (const socket of asked) socket.destroy()
      silent.close()
    }
  })
})
