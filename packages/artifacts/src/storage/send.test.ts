import { describe, expect, test } from 'vitest'
import { ArtifactError } from '../errors.ts'
import { fakeRuntime } from '../testing/fake-runtime.ts'
import { type Authorize, createSend, textOfBody } from './send.ts'

const GET = { method: 'GET', url: 'https://s3.example/b/k', headers: {} }
const plain: Authorize = async ({ url, headers }) => ({ url, headers: new Headers(headers) })

describe('send', () => {
  test.for([408, 409, 429, 500, 502, 503, 504])('sends again after %i, with growing waits', async (status) => {
    const runtime = fakeRuntime([status, status, 200])
    const reply = await createSend(plain, runtime)(GET)
    expect(reply.status).toBe(200)
    expect(runtime.waits).toEqual([200, 400])
  })

  test.for([400, 401, 403, 404, 412, 416, 301])('returns %i at once', async (status) => {
    const runtime = fakeRuntime([status])
    expect((await createSend(plain, runtime)(GET)).status).toBe(status)
    expect(runtime.waits).toEqual([])
  })

  test('returns the last of six transient replies', async () => {
    const runtime = fakeRuntime(Array.from({ length: 9 }, () => 503))
    expect((await createSend(plain, runtime)(GET)).status).toBe(503)
    expect(runtime.requests.length).toBe(6)
  })

  test('waits as long as Retry-After says, at most 20 s', async () => {
    const runtime = fakeRuntime([[503, { 'retry-after': '3' }], [503, { 'retry-after': '3600' }], 200])
    await createSend(plain, runtime)(GET)
    expect(runtime.waits).toEqual([3_000, 20_000])
  })

  test('is unavailable when no attempt reaches the host', async () => {
    const refused = new TypeError('fetch failed')
    const runtime = fakeRuntime(Array.from({ length: 6 }, () => refused))
    await expect(createSend(plain, runtime)(GET)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('s3.example'),
      cause: refused,
    })
  })

  test('refuses a response that is longer than the range, without reading it', async () => {
    const replies = Array.from({ length: 6 }, () => [200, { 'content-length': '2000000000' }, 'x'] as const)
    const reading = createSend(plain, fakeRuntime(replies))({ ...GET, expected: 8_388_608 })
    await expect(reading).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: expect.stringContaining('2000000000') },
    })
  })

  test('sends again when a response ends before its last byte', async () => {
    const runtime = fakeRuntime([
      [200, { 'content-length': '3' }, 'ab'],
      [200, { 'content-length': '3' }, 'abc'],
    ])
    expect(textOfBody(await createSend(plain, runtime)(GET))).toBe('abc')
  })

  test('ends an attempt that hangs, by a limit that grows with the body', async () => {
    const runtime = fakeRuntime(['hang', 200])
    const sending = createSend(plain, runtime)({ ...GET, method: 'PUT', body: new Uint8Array(3_000_001) })
    await runtime.requested(1)
    expect(runtime.timeouts[0]!.ms).toBe(130_001)
    runtime.timeouts[0]!.fire()
    expect((await sending).status).toBe(200)
  })

  test('authorizes each attempt, and does not repeat what its own authorization throws', async () => {
    let authorized = 0
    const runtime = fakeRuntime([503, 503, 200])
    await createSend(async (call) => (authorized++, plain(call)), runtime)(GET)
    expect(authorized).toBe(3)
    const failing = createSend(async () => {
      throw new Error('no token')
    }, fakeRuntime([]))
    await expect(failing(GET)).rejects.toThrow('no token')
  })

  test('an abort ends the attempt and the wait', async () => {
    for (const replies of [['hang'], [503]] as const) {
      const controller = new AbortController()
      const runtime = fakeRuntime(replies, { wait: 'hang' })
      const sending = createSend(plain, runtime)(GET, controller.signal)
      await runtime.requested(1)
      controller.abort()
      await expect(sending).rejects.toEqual(expect.any(ArtifactError))
      await expect(sending).rejects.toMatchObject({ code: 'aborted' })
    }
  })
})
