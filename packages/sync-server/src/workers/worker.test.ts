/** What only the Worker has: bindings, origins, routing to the object. The calls: `syncServerSuite`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AUDIENCE, ISSUER, SECRET, signToken, startIdentityProvider } from '@rockpool/access/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RedactResult } from '../redact/redaction.ts'
import { startWorker, type TestWorker } from '../test-support/miniflare.ts'
import { QUOTA_EVENTS } from '../test-support/quota-events.ts'
import { eventsAfter } from '../testing/events.ts'
import { contentStored, fileKey, toLogEvent } from '../testing/file-events.ts'
import { httpClient } from '../testing/http-client.ts'
import { connectLive } from '../testing/live-client.ts'

const APP = 'https://app.example'

const started = async (bindings: Readonly<Record<string, unknown>>) => {
  const worker = await startWorker({ bindings })
  onTestFinished(() => worker.stop())
  return worker
}
const urlOf = ({ origin }: TestWorker) => `${origin}/sync`

describe('the Worker', { timeout: 60_000 }, () => {
  let worker: TestWorker
  beforeAll(async () => {
    worker = await startWorker({ bindings: { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_ALLOWED_ORIGINS: APP } })
  }, 60_000)
  afterAll(() => worker?.stop())

  it('responds to preflight requests, and lets the origin read responses of the object and its own', async () => {
    const preflight = { origin: APP, 'access-control-request-method': 'POST' }
    const answer = await fetch(`${urlOf(worker)}/shop/events`, { method: 'OPTIONS', headers: preflight })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, APP])
    for (const token of [undefined, await signToken('shop')]) {
      const { headers } = await httpClient(urlOf(worker), 'shop', token).call('/head', { headers: { origin: APP } })
      expect(headers.get('access-control-allow-origin')).toBe(APP)
    }
  })

  it('refuses events over the quota of its code', async () => {
    const http = httpClient(urlOf(worker), 'full', await signToken('full'))
    for (let head = 0; head < QUOTA_EVENTS; head += 1_000) {
      expect((await http.push(head, eventsAfter(head, ...Array.from({ length: 1_000 }, () => 0)))).status).toBe(200)
    }
    const { status, body } = await http.push(QUOTA_EVENTS, eventsAfter(QUOTA_EVENTS, 'more'))
    expect([status, body.refused]).toMatchObject([422, [{ index: 0, code: 'quota_exceeded' }]])
  })

  it('responds rate_limited by the limit of its code, and closes with 1013', async () => {
    const token = await signToken('shop', { sub: 'hasty' })
    const { status, headers, body } = await httpClient(urlOf(worker), 'shop', token).push(0, eventsAfter(0, 'a'))
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '2', 'rate_limited'])
    expect(await connectLive(urlOf(worker), 'shop', token).closed).toBe(1013)
  })

  it('responds not_found from an object that belongs to another store', async () => {
    const http = httpClient(urlOf(worker), 'misrouted', await signToken('misrouted'))
    const { status, body } = await http.head()
    expect([status, body.error.message]).toEqual([404, expect.stringContaining('another store')])
  })

  it('lets a subclass of the object redact an event, and tells the devices', async () => {
    const token = await signToken('redacted')
    const http = httpClient(urlOf(worker), 'redacted', token)
    await http.push(0, eventsAfter(0, 'a', 'secret', 'c'))
    const live = connectLive(urlOf(worker), 'redacted', token)
    await live.next()
    const redact = (seqNum: number) => fetch(`${worker.origin}/operator/redacted?seqNum=${seqNum}`, { method: 'POST' })
    const { redaction } = (await (await redact(2)).json()) as RedactResult
    expect(redaction).toMatchObject({ by: 'ops', original: { sub: 'ada', argsJson: '{"value":"secret"}' } })
    expect(await live.next()).toMatchObject({ since: 3, head: 3, events: [] })
    live.socket.terminate()
    const { body, text } = await http.events()
    expect(body.events).toMatchObject([{ seqNum: 1 }, { seqNum: 2, name: 'v2.ContentLost', args: {} }, { seqNum: 3 }])
    expect(text).not.toContain('secret')
    const unknown = await redact(4)
    expect([unknown.status, await unknown.json()]).toEqual([400, { code: 'bad_request' }])
  })

  it('checks claims by alarms: what object storage has once, what it lacks again', async () => {
    const [there, missing] = [fileKey('there'), fileKey('missing')]
    const asked: string[] = []
    const askedAgain = Promise.withResolvers<void>()
    const objects = createServer(({ url }, response) => {
      const key = url!.slice(1)
      response.writeHead(key === there ? 200 : 404).end()
      asked.push(key)
      if (asked.filter((each) => each === missing).length === 3) askedAgain.resolve()
    })
    await once(objects.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void objects.close().closeAllConnections())
    const { port } = objects.address() as AddressInfo
    const checking = await started({ ROCKPOOL_JWT_SECRET: SECRET, OBJECTS: `http://127.0.0.1:${port}` })
    const events = [there, missing].map((key, index) =>
      Object.assign(toLogEvent(contentStored(key, key)), { seqNum: index + 1 }),
    )
    expect((await httpClient(urlOf(checking), 'shop', await signToken('shop')).push(0, events)).status).toBe(200)
    await askedAgain.promise
    expect(asked.filter((key) => key === there)).toEqual([there])
  })

  it.each<[string, string, Record<string, unknown>]>([
    ['ROCKPOOL_JWT_SECRET', 'none', {}],
    ['ROCKPOOL_JWT_SECRET', 'too short', { ROCKPOOL_JWT_SECRET: 'short-secret' }],
    [
      'ROCKPOOL_JWKS_URL',
      'beside a secret',
      { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_JWKS_URL: 'https://id.example/keys' },
    ],
    ['ROCKPOOL_BUCKETS', 'not JSON', { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_BUCKETS: 'photos' }],
    ['ROCKPOOL_ALLOWED_ORIGINS', 'any', { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_ALLOWED_ORIGINS: '*' }],
  ])('responds storage_unavailable, and names the wrong binding: %s, %s', async (name, _, bindings) => {
    const wrong = await started(bindings)
    const { status, body, text } = await httpClient(urlOf(wrong), 'shop', await signToken('shop')).head()
    expect([status, body.error.code]).toEqual([503, 'storage_unavailable'])
    expect(body.error.message).toMatch(new RegExp(`^${name}: [^\\n]+\\.$`))
    for (const secret of [SECRET, 'short-secret']) expect(text).not.toContain(secret)
  })

  it('accepts tokens of an identity provider, and closes with 1013 while its keys are unavailable', async () => {
    const provider = await startIdentityProvider()
    onTestFinished(() => provider.stop())
    const by = { ROCKPOOL_JWKS_URL: provider.url, ROCKPOOL_JWT_ISSUER: ISSUER, ROCKPOOL_JWT_AUDIENCE: AUDIENCE }
    const own = await started(by)
    const token = await provider.sign({ sub: 'ada', stores: { shop: ['read'] }, iss: ISSUER, aud: AUDIENCE })
    provider.respondWith(500, '')
    expect((await httpClient(urlOf(own), 'shop', token).head()).status).toBe(503)
    expect(await connectLive(urlOf(own), 'shop', token).closed).toBe(1013)
    await provider.publish('one')
    expect((await httpClient(urlOf(own), 'shop', token).head()).status).toBe(200)
    const live = connectLive(urlOf(own), 'shop', token)
    expect(await live.next()).toMatchObject({ head: 0 })
    live.socket.terminate()
  })
})
