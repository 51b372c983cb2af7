/** What needs a clock, a log or a verifier that the test controls. The calls themselves: `syncServerSuite`. */
import { FORMER_SECRET, poolArgs, SECRET, signToken } from '@rockpool/access/testing'
import { receiptSigner, sharedSecretTokens } from '@rockpool/access'
import { type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import { type EventLogErrorCode, EventLogError } from '../event-log/event-log.ts'
import { eventBytes } from '../event-log/event.ts'
import { createSyncServer } from '../server.ts'
import { testClock } from '../testing/clock.ts'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { eventsAfter, toWire } from '../testing/events.ts'
import type { SyncOptions } from './handler.ts'

const setUp = async (options: Partial<SyncOptions> = {}) => {
  const errors: unknown[] = []
  const clock = testClock()
  const authenticate = sharedSecretTokens({ secrets: [SECRET] })
  const logs = memoryLogs()
  const server = createSyncServer({ logs, authenticate, clock, onError: (error) => errors.push(error), ...options })
  const token = await signToken('shop')
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers }
    const request = new Request(`http://localhost${path}`, { ...init, headers })
    const response = await server.fetch(request)
    const { status } = response
    const body = status === 204 ? undefined : await response.json()
    return { status, headers: response.headers, body }
  }
  const push = (parent: number, ...values: unknown[]) => ({
    method: 'POST',
    body: JSON.stringify({ parent, events: eventsAfter(parent, ...values).map(toWire) }),
  })
  return { server, clock, errors, call, push, logs }
}

/** Sends some bytes, and no end. */
const endless = (init: RequestInit = {}) => {
  const started = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<unknown>()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"parent":0,')),
    pull: () => started.resolve(),
    cancel: (reason) => cancelled.resolve(reason),
  })
  return {
    started: started.promise,
    cancelled: cancelled.promise,
    init: { ...init, method: 'POST', body, duplex: 'half' } as RequestInit,
  }
}

it('checks in the background what events only claim to be stored, until it is closed', async () => {
  const { log } = memoryDatabase()
  const asked: RemoteKey[] = []
  const head = async (key: RemoteKey) => asked.push(key) > 0
  const logs = { open: async () => log, close: async () => {} }
  const { server, call, clock } = await setUp({ logs, claims: { head, everyMs: 60_000 } })
  const args = poolArgs('shop')['v2.ContentStored']
  const [event] = eventsAfter(0, '')
  const stored = toWire({ ...event!, name: 'v2.ContentStored', argsJson: JSON.stringify(args) })
  await call('/sync/shop/events', { method: 'POST', body: JSON.stringify({ parent: 0, events: [stored] }) })
  clock.advance(60_000)
  await expect.poll(async () => (await log.readModel.claimedContents()).claims).toEqual([])
  expect(asked).toEqual([args.remoteKey])
  await server.close()
  expect(clock.timers).toBe(0)
})

describe('receipts', () => {
  const pushStored = async (secret: string) => {
    const args = poolArgs('shop')['v2.ContentStored']
    const receipt = await receiptSigner(secret)(args.remoteKey as RemoteKey, { size: 1, at: 1 })
    const [event] = eventsAfter(0, '')
    const stored = { ...event!, name: 'v2.ContentStored', argsJson: JSON.stringify({ ...args, receipt }) }
    return { method: 'POST', body: JSON.stringify({ parent: 0, events: [toWire(stored)] }) }
  }

  it('are all refused where the server knows no secret', async () => {
    const { call } = await setUp()
    const { status, body } = await call('/sync/shop/events', await pushStored(SECRET))
    expect([status, body.refused[0].code]).toEqual([422, 'bad_receipt'])
  })

  it('of both secrets are taken while these are rotated; a repeat is taken after it, too', async () => {
    const logs = memoryLogs()
    const push = await pushStored(FORMER_SECRET)
    const rotating = await setUp({ logs, receiptSecrets: [SECRET, FORMER_SECRET] })
    expect((await rotating.call('/sync/shop/events', push)).status).toBe(200)
    const rotated = await setUp({ logs, receiptSecrets: [SECRET] })
    expect((await rotated.call('/sync/shop/events', push)).body).toMatchObject({ head: 1 })
    const other = await setUp({ receiptSecrets: [SECRET] })
    expect((await other.call('/sync/shop/events', push)).status).toBe(422)
  })
})

describe('a body that does not end', () => {
  it('gets request_timeout after 30 s, and is cancelled', async () => {
    const { clock, call } = await setUp()
    const { started, cancelled, init } = endless()
    const response = call('/sync/shop/events', init)
    await started
    while (clock.timers === 0) await Promise.resolve()
    clock.advance(29_999)
    expect(clock.timers).toBe(1)
    clock.advance(1)
    expect(await response).toMatchObject({ status: 408, body: { error: { code: 'request_timeout' } } })
    expect(await cancelled).toMatchObject({ code: 'request_timeout' })
    expect(clock.timers).toBe(0)
  })

  it('is cancelled when the client is gone', async () => {
    const { clock, call } = await setUp()
    const client = new AbortController()
    const { started, cancelled, init } = endless({ signal: client.signal })
    const response = call('/sync/shop/events', init)
    await started
    client.abort(new Error('gone'))
    expect(await response).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } })
    await cancelled
    expect(clock.timers).toBe(0)
  })
})

describe('the rate limit', () => {
  const limited = (free: number) => {
    const taken: string[] = []
    return { taken, rateLimit: (sub: string) => (taken.push(sub) > free ? 1_500 : 0) }
  }

  it('responds rate_limited with Retry-After, and stores nothing', async () => {
    const { taken, rateLimit } = limited(0)
    const { call, push, logs } = await setUp({ rateLimit })
    for (const [path, init] of [
      ['/sync/shop/head', {}],
      ['/sync/shop/events', {}],
      ['/sync/shop/live', {}],
      ['/sync/shop/events', push(0, 'a')],
    ] as const) {
      const { status, headers, body } = await call(path, init)
      expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '2', 'rate_limited'])
      expect(body.error.message).toBe('Too many requests of this user. Send the next one in 2 s.')
    }
    expect(new Set(taken)).toEqual(new Set(['ada']))
    expect(await (await logs.open('shop')).head()).toBe(0)
  })

  it.each([
    ['behind the head', 0, 409],
    ['above the head', 7, 400],
  ])('counts pushes %s, too', async (_, parent, status) => {
    const { rateLimit } = limited(2)
    const { call, push } = await setUp({ rateLimit })
    await call('/sync/shop/events', push(0, 'a'))
    expect((await call('/sync/shop/events', push(parent, 'x'))).status).toBe(status)
    expect((await call('/sync/shop/events', push(parent, 'x'))).status).toBe(429)
  })

  it('does not refuse a repeat', async () => {
    const { rateLimit } = limited(1)
    const { call, push } = await setUp({ rateLimit })
    expect((await call('/sync/shop/events', push(0, 'a'))).status).toBe(200)
    expect((await call('/sync/shop/events', push(0, 'a'))).status).toBe(200)
    expect((await call('/sync/shop/events', push(0, 'x'))).status).toBe(429)
    expect((await call('/sync/shop/events', push(1, 'b'))).status).toBe(429)
  })
})

describe('the quota of a store', () => {
  it('refuses what exceeds it, with the figures, and never repeats', async () => {
    const { call, push } = await setUp({ quota: { events: 2 } })
    expect((await call('/sync/shop/events', push(0, 'a'))).status).toBe(200)
    const full = await call('/sync/shop/events', push(1, 'b', 'c', 'd'))
    expect([full.status, full.body]).toMatchObject([
      422,
      {
        head: 2,
        taken: 1,
        refused: [
          { index: 1, code: 'quota_exceeded' },
          { index: 2, code: 'quota_exceeded' },
        ],
      },
    ])
    expect(full.body.refused[0].message).toContain('2 of 2 changes')
    expect((await call('/sync/shop/events', push(0, 'a', 'b'))).status).toBe(200)
    expect((await call('/sync/shop/events', push(2, 'c'))).status).toBe(422)
  })

  it('counts the bytes in the log', async () => {
    const bytes = eventBytes(eventsAfter(0, 'a')[0]!)
    const { call, push } = await setUp({ quota: { bytes: 2 * bytes } })
    const { status, body } = await call('/sync/shop/events', push(0, 'a', 'b', 'c'))
    expect([status, body.taken, body.refused[0].code]).toEqual([422, 2, 'quota_exceeded'])
    expect((await call('/sync/shop/events', push(0, 'a', 'b'))).status).toBe(200)
  })
})

describe("the names of the app's events", () => {
  it('are taken by a list, if there is one', async () => {
    const { call, push } = await setUp({ eventNames: ['v1.Other'] })
    const { status, body } = await call('/sync/shop/events', push(0, 'a'))
    expect([status, body.refused[0].code]).toEqual([422, 'unknown_event'])
    const listed = await setUp({ eventNames: ['v1.NoteCreated'] })
    expect((await listed.call('/sync/shop/events', listed.push(0, 'a'))).status).toBe(200)
  })
})

describe('a failure of the server', () => {
  it.each<[EventLogErrorCode, RegExp]>([
    ['corrupt', /cannot use the event log right now/],
    ['missing', /cannot use the event log right now/],
    ['no_space', /disk of the sync server is full/],
    ['closed', /cannot use the event log right now/],
  ])(
    '%s of a log: responds storage_unavailable, keeps paths to itself, and reports to the operator',
    async (code, text) => {
      const failure = new EventLogError(code, 'The file /var/secret/shop.sqlite is damaged.')
      const logs = { open: () => Promise.reject(failure), close: async () => {} }
      const { call, push, errors } = await setUp({ logs })
      for (const init of [{}, push(0, 'a')]) {
        const { status, headers, body } = await call('/sync/shop/events', init)
        expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '5', 'storage_unavailable'])
        expect(body.error.message).toMatch(text)
        expect(JSON.stringify(body)).not.toContain('secret')
      }
      expect(errors).toEqual([failure, failure])
    },
  )

  it('responds storage_unavailable while the keys that verify tokens are unavailable', async () => {
    const failure = new RockpoolError('storage_unavailable', 'The keys cannot be reached. Try again soon.')
    const { call, errors } = await setUp({ authenticate: () => Promise.reject(failure) })
    const { status, body } = await call('/sync/shop/head')
    expect([status, body.error]).toEqual([503, { code: 'storage_unavailable', message: failure.message }])
    expect(errors).toEqual([failure])
  })

  it('responds storage_unavailable to anything unexpected, without its message', async () => {
    const { call } = await setUp({ authenticate: () => Promise.reject(new TypeError('x is not a function')) })
    const { status, body } = await call('/sync/shop/head')
    expect(status).toBe(503)
    expect(JSON.stringify(body)).not.toContain('x is not')
  })

  it('does not report mistakes of clients', async () => {
    const { call, errors } = await setUp()
    await call('/sync/shop/events', { method: 'POST', body: 'x' })
    await call('/sync/shop/head', { headers: { authorization: 'Bearer x' } })
    await call('/sync/other/head')
    expect(errors).toEqual([])
  })
})

describe('origins of web apps', () => {
  const allowedOrigins = ['https://app.example']
  const preflight = {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', origin: 'https://app.example' },
  }

  it('responds to a preflight request, and lets the origin read responses and errors', async () => {
    const { call } = await setUp({ allowedOrigins })
    const answer = await call('/sync/shop/events', preflight)
    expect([answer.status, answer.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'authorization, content-type',
    ])
    for (const path of ['/sync/shop/head', '/sync/other/head', '/x']) {
      const { headers } = await call(path, { headers: { origin: 'https://app.example' } })
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
      expect(headers.get('vary')).toBe('Origin')
    }
  })

  it('lets no other origin read', async () => {
    const { call } = await setUp({ allowedOrigins })
    for (const origin of ['https://app.example.evil.example', 'null']) {
      const { headers } = await call('/sync/shop/head', { headers: { origin } })
      expect(headers.has('access-control-allow-origin')).toBe(false)
    }
  })

  it('are none unless set', async () => {
    const { call } = await setUp()
    expect((await call('/sync/shop/events', preflight)).status).toBe(405)
  })
})

describe('a base path', () => {
  it('takes the place of /sync', async () => {
    const { call } = await setUp({ basePath: '/api/rockpool/sync' })
    expect((await call('/api/rockpool/sync/shop/head')).status).toBe(200)
    expect((await call('/sync/shop/head')).status).toBe(404)
  })
})

describe('a server that is closed', () => {
  it('responds storage_unavailable and refuses upgrades', async () => {
    const { server, call } = await setUp()
    await server.close()
    expect((await call('/sync/shop/head')).status).toBe(503)
    const upgrade = await server.upgrade(new Request('http://localhost/sync/shop/live'))
    expect(upgrade.kind === 'refuse' && upgrade.reply.status).toBe(503)
  })
})
