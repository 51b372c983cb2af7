import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildRemoteKey, hashContent, isRockpoolError, WIRE_ERRORS, type WireErrorCode } from '@rockpool/protocol'
import { Schema } from 'effect'
import { DownloadUrlQuery } from '@rockpool/protocol/schema'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memorySigner } from '../memory/signer.ts'
import type { Signer, SignPartsRequest } from '../ports/signer.ts'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '../testing/signer-suite.ts'
import { memoryPage } from '../memory/index.ts'
import { webPlatform } from '../platform/web-platform.ts'
import { fetchSigner, MAX_CALLS } from './fetch-signer.ts'

const listen = async (listener: RequestListener) => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop, [Symbol.asyncDispose]: stop }
}

const answer = (response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, headers)
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** The signer HTTP contract over the in-memory signer. */
const contract = (signer: Signer): RequestListener => {
  const calls: Record<string, (body: never) => Promise<unknown>> = {
    '/upload-url': signer.uploadUrl,
    '/upload-urls': signer.uploadUrls,
    '/multipart': signer.startMultipart,
    // It remembers no digests.
    '/multipart/parts': async (request: SignPartsRequest) =>
      'digests' in request ? signer.signParts(request) : { status: 'digests_needed' },
    '/multipart/complete': signer.completeMultipart,
    '/multipart/abort': signer.abortMultipart,
  }
  return async (request, response) => {
    try {
      if (request.headers.authorization !== 'Bearer jwt') return answer(response, 401, 'who are you?')
      const { pathname, searchParams } = new URL(request.url!, 'http://signer')
      const query = Object.fromEntries(searchParams)
      const result =
        pathname === '/download-url'
          ? await signer.downloadUrl({
              ...query,
              ...Schema.decodeUnknownSync(DownloadUrlQuery.pick('expiresIn', 'check'))(query),
            } as never)
          : await calls[pathname]!(JSON.parse(await readBody(request)) as never)
      answer(response, result === undefined ? 204 : 200, result)
    } catch (error) {
      if (!isRockpoolError(error)) throw error
      answer(response, WIRE_ERRORS[error.code as WireErrorCode], {
        error: { code: error.code, message: error.message },
      })
    }
  }
}

signerSuite('fetch, over HTTP', async () => {
  const memory = memorySigner({ buckets: SIGNER_SUITE_BUCKETS, stores: { store: ['read', 'write', 'delete'] } })
  const server = await listen(contract(memory.signer))
  return {
    signer: fetchSigner({ url: server.url, token: async () => 'jwt' }),
    storeId: 'store',
    fetch: memory.fetch,
    disconnect: server.stop,
    [Symbol.asyncDispose]: server.stop,
  }
})

const { address } = await hashContent([new Uint8Array(3)])
const key = buildRemoteKey({ storeId: 'store', bucket: 'files', address })
const upload = { key, size: 3, type: 'text/plain' }
const stored = { status: 'stored', durable: true }
const token = async () => 'jwt'

afterEach(() => void vi.useRealTimers())

describe('what goes over the wire', () => {
  const heard: { method?: string | undefined; url?: string | undefined; type?: string | undefined; body: string }[] = []
  const echo: RequestListener = async (request, response) => {
    const { method, url, headers } = request
    heard.push({ method, url, type: headers['content-type'], body: await readBody(request) })
    answer(response, 200, { url: 'https://s3.test/x', expiresAt: 1, headers: {}, ...stored })
  }

  test('a query for downloads', async () => {
    await using server = await listen(echo)
    const signer = fetchSigner({ url: `${server.url}/base/`, token })
    await signer.downloadUrl({
      key,
      type: 'image/png',
      name: 'a b&c.png',
      disposition: 'inline',
      expiresIn: 5,
      check: true,
    })
    const { method, url } = heard.at(-1)!
    expect(method).toBe('GET')
    expect(url).toMatch(/^\/base\/download-url\?/)
    expect(Object.fromEntries(new URL(url!, server.url).searchParams)).toEqual({
      key,
      type: 'image/png',
      name: 'a b&c.png',
      disposition: 'inline',
      expiresIn: '5',
      check: '1',
    })
    await signer.downloadUrl({ key, check: false })
    expect(heard.at(-1)!.url).toBe(`/base/download-url?key=${encodeURIComponent(key)}`)
  })

  test('JSON for the rest', async () => {
    await using server = await listen(echo)
    expect(await fetchSigner({ url: server.url, token }).uploadUrl(upload)).toMatchObject(stored)
    expect(heard.at(-1)).toMatchObject({ method: 'POST', url: '/upload-url', type: 'application/json' })
    expect(JSON.parse(heard.at(-1)!.body)).toEqual(upload)
  })
})

describe('the digests of parts', () => {
  const parts = { parts: [{ number: 1, url: 'https://s3.test/1', headers: {} }], expiresAt: 1 }
  const request = { key, size: 3, uploadId: 'u', digests: 'AAAA', numbers: [1] }

  const signing = async (answers: readonly object[]) => {
    const bodies: object[] = []
    await using server = await listen(async (incoming, response) => {
      bodies.push(JSON.parse(await readBody(incoming)) as object)
      answer(response, 200, answers[bodies.length - 1])
    })
    const result = await fetchSigner({ url: server.url, token })
      .signParts(request)
      .catch((error: unknown) => error)
    return { bodies, result }
  }
  const { digests: _, ...without } = request

  test('stay here while the signer remembers them', async () => {
    expect(await signing([parts])).toEqual({ bodies: [without], result: parts })
  })

  test('are sent to a signer that does not', async () => {
    expect(await signing([{ status: 'digests_needed' }, parts])).toEqual({ bodies: [without, request], result: parts })
  })

  test('are asked for once: what asks again is no signer', async () => {
    const needed = { status: 'digests_needed' }
    const { bodies, result } = await signing([needed, needed])
    expect(bodies).toHaveLength(2)
    expect(result).toMatchObject({ code: 'storage_unavailable' })
  })
})

describe('tokens', () => {
  const only =
    (jwt: string): RequestListener =>
    (request, response) =>
      request.headers.authorization === `Bearer ${jwt}`
        ? answer(response, 200, stored)
        : answer(response, 401, { error: { code: 'unauthenticated', message: 'It has expired.' } })

  test('one that is refused is renewed once, and the call made again', async () => {
    await using server = await listen(only('new'))
    const asked: unknown[] = []
    const renewing = async (options?: { readonly fresh?: boolean }) => {
      asked.push(options?.fresh ?? false)
      return options?.fresh ? 'new' : 'old'
    }
    expect(await fetchSigner({ url: server.url, token: renewing }).uploadUrl(upload)).toEqual(stored)
    expect(asked).toEqual([false, true])
  })

  test('one that is refused again: unauthenticated, with the reason', async () => {
    await using server = await listen(only('another'))
    const asked = vi.fn(token)
    const call = fetchSigner({ url: server.url, token: asked }).uploadUrl(upload)
    await expect(call).rejects.toMatchObject({ code: 'unauthenticated', message: 'It has expired.' })
    expect(asked).toHaveBeenCalledTimes(2)
  })

  test('a token function that fails: offline; one that says why: that', async () => {
    const failing = (error: Error) => {
      const token = async () => {
        throw error
      }
      return fetchSigner({ url: 'http://127.0.0.1:9', token })
    }
    await expect(failing(new Error('no network')).uploadUrl(upload)).rejects.toMatchObject({ code: 'offline' })
    const reason = Object.assign(new Error('Sign in.'), { name: 'RockpoolError', code: 'unauthenticated' })
    await expect(failing(reason).uploadUrl(upload)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('an abort does not wait for a token function that hangs', async () => {
    const stop = new AbortController()
    const signer = fetchSigner({ url: 'http://127.0.0.1:9', token: () => new Promise(() => {}) })
    const call = signer.uploadUrl(upload, stop.signal)
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('answers', () => {
  const call = async (status: number, body: unknown, headers?: Record<string, string>) => {
    await using server = await listen((_, response) => answer(response, status, body, headers))
    // awaited here: the server stops when this function returns
    return await fetchSigner({ url: server.url, token })
      .uploadUrl(upload)
      .catch((error: unknown) => error)
  }

  test.each(Object.entries(WIRE_ERRORS))('%s (%i) is the error of that code', async (code, status) => {
    const error = { error: { code, message: `About ${code}.` } }
    expect(await call(status, error)).toMatchObject({ name: 'RockpoolError', code, message: `About ${code}.` })
  })

  test.each([
    [429, 'slow down', 'rate_limited'],
    [500, '<html>', 'storage_unavailable'],
    [502, '', 'storage_unavailable'],
    [503, { error: { code: 'teapot', message: 'm' } }, 'storage_unavailable'],
    [404, '<html>Not Found</html>', 'storage_unavailable'],
    [403, { error: 'denied' }, 'storage_unavailable'],
    [401, null, 'unauthenticated'],
    [200, '<html>', 'storage_unavailable'],
    [200, '', 'storage_unavailable'],
    [200, null, 'storage_unavailable'],
    [200, [], 'storage_unavailable'],
    [200, { status: 'put', url: 'https://s3.test/x' }, 'storage_unavailable'],
    [200, { status: 'put', url: 'https://s3.test/x', headers: { a: 1 }, expiresAt: 1 }, 'storage_unavailable'],
    [200, { status: 'stored' }, 'storage_unavailable'],
  ])('%i with %j: an error, %s', async (status, body, code) => {
    const error = await call(status, body)
    expect(error).toMatchObject({ name: 'RockpoolError', code })
    if (status === 404 || status === 200) expect((error as Error).message).toContain('signer.url')
  })

  test('Retry-After in seconds or as a date', async () => {
    const busy = { error: { code: 'rate_limited', message: 'Slow down.' } }
    expect(await call(429, busy, { 'retry-after': '7' })).toMatchObject({ code: 'rate_limited', retryAfterMs: 7_000 })
    const date = new Date(Date.now() + 60_000).toUTCString()
    const { retryAfterMs } = (await call(503, 'busy', { 'retry-after': date })) as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(50_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
    expect(await call(503, 'busy', { 'retry-after': 'soon' })).toMatchObject({ retryAfterMs: undefined })
  })
})

describe('a signer that does not answer', () => {
  test('an abort ends the call, and the request', async () => {
    const arrived = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    await using server = await listen((request) => {
      request.on('close', () => closed.resolve())
      arrived.resolve()
    })
    const stop = new AbortController()
    const call = fetchSigner({ url: server.url, token }).downloadUrl({ key }, stop.signal)
    await arrived.promise
    stop.abort(new Error('changed my mind'))
    await expect(call).rejects.toMatchObject({ code: 'aborted', cause: { message: 'changed my mind' } })
    await closed.promise
  })

  test('offline after 30 s, also when it stops in the middle of its answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let arrived = Promise.withResolvers<void>()
    await using server = await listen((request, response) => {
      if (request.url === '/upload-url') response.write('{')
      arrived.resolve()
    })
    const signer = fetchSigner({ url: server.url, token })
    for (const call of [() => signer.downloadUrl({ key }), () => signer.uploadUrl(upload)]) {
      arrived = Promise.withResolvers()
      const ended = call().catch((error: unknown) => error)
      await arrived.promise
      vi.advanceTimersByTime(30_000)
      expect(await ended).toMatchObject({ code: 'offline' })
    }
  })

  test('counts no time of calls that wait until others have ended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked: (() => void)[] = []
    let allAsked = Promise.withResolvers<void>()
    const send: typeof fetch = (_, init) =>
      new Promise((resolve, reject) => {
        init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error))
        if (asked.push(() => resolve(Response.json({ url: 'https://s3.test/x', expiresAt: 1 }))) === MAX_CALLS)
          allAsked.resolve()
      })
    const signer = fetchSigner({ url: 'https://signer.test', token, fetch: send })
    const calls = Promise.all(Array.from({ length: 3 * MAX_CALLS }, () => signer.downloadUrl({ key })))
    for (let round = 1; round <= 3; round++) {
      await allAsked.promise
      allAsked = Promise.withResolvers()
      vi.advanceTimersByTime(20_000)
      for (const respond of asked.splice(0)) respond()
    }
    await expect(calls).resolves.toHaveLength(3 * MAX_CALLS)
  })

  test('offline when the connection breaks', async () => {
    await using server = await listen((request) => request.socket.destroy())
    await expect(fetchSigner({ url: server.url, token }).downloadUrl({ key })).rejects.toMatchObject({
      code: 'offline',
    })
  })
})

describe('the status', () => {
  const statusAfter = async (signer: Signer, calls = 1) => {
    for (let i = 0; i < calls; i++) await signer.uploadUrl(upload).catch(() => {})
    return signer.status!.current
  }
  const served = async (listener: RequestListener, given: typeof token = token) => {
    await using server = await listen(listener)
    return await statusAfter(fetchSigner({ url: server.url, token: given }))
  }
  const ok: RequestListener = (_, response) => answer(response, 200, stored)
  const error = (code: string, message: string) => ({ error: { code, message } })

  test('is connecting before the first call', () => {
    expect(fetchSigner({ url: '/signer', token }).status!.current.reason.code).toBe('connecting')
  })

  test('is connected after a response, the signer’s own errors included', async () => {
    expect((await served(ok)).reason.code).toBe('connected')
    const denied: RequestListener = (_, response) => answer(response, 403, error('forbidden', 'Not yours.'))
    expect((await served(denied)).reason.code).toBe('connected')
  })

  test('names a refused token, a wrong server and a token function that fails', async () => {
    const refused: RequestListener = (_, response) => answer(response, 401, error('unauthenticated', 'It has expired.'))
    expect((await served(refused)).reason).toEqual({ code: 'unauthenticated', message: 'It has expired.' })
    expect((await served((_, response) => answer(response, 200, '<html>'))).reason.code).toBe('wrong_server')
    expect((await served((_, response) => answer(response, 502, '<html>'))).reason.code).toBe('no_answer')
    const failing = async () => {
      throw new Error('The sign-in server said 500')
    }
    const { reason } = await served(ok, failing)
    expect(reason.code).toBe('token_failed')
    expect(reason.message).toContain('The sign-in server said 500')
  })

  describe('in a page of another origin', () => {
    const blocked = async () => {
      throw new TypeError('Failed to fetch')
    }
    const page = () => vi.stubGlobal('location', new URL('https://app.example.com/'))
    afterEach(() => void vi.unstubAllGlobals())

    test('names CORS when the signer never responded', async () => {
      page()
      const signer = fetchSigner({ url: 'https://signer.example.com/', token, fetch: blocked })
      expect((await statusAfter(signer)).reason).toEqual({
        code: 'cors',
        message:
          "The signer at https://signer.example.com cannot be reached although this device is online. It may be down, or it may not allow this page's origin (CORS).",
      })
    })

    test('does not name CORS for a signer that responded before, or one of the page’s own origin', async () => {
      page()
      let up = true
      const fetching = async () => (up ? Response.json(stored) : blocked())
      const signer = fetchSigner({ url: 'https://signer.example.com', token, fetch: fetching })
      expect((await statusAfter(signer)).reason.code).toBe('connected')
      up = false
      expect((await statusAfter(signer)).reason.code).toBe('no_answer')
      const own = fetchSigner({ url: '/signer', token, fetch: blocked })
      expect((await statusAfter(own)).reason.code).toBe('no_answer')
    })

    test('is no_network on a device without one', async () => {
      page()
      const offline = memoryPage()
      offline.set({ isOnline: false })
      const platform = { ...webPlatform, page: offline }
      const signer = fetchSigner({ url: 'https://signer.example.com', token, fetch: blocked, platform })
      expect((await statusAfter(signer)).reason.code).toBe('no_network')
    })
  })

  test('does not change when the caller aborts', async () => {
    await using server = await listen(() => {})
    const signer = fetchSigner({ url: server.url, token })
    const stop = new AbortController()
    const call = signer.uploadUrl(upload, stop.signal).catch(() => {})
    stop.abort()
    await call
    expect(signer.status!.current.reason.code).toBe('connecting')
  })

  test('distinguishes a token function that hangs from a signer that does not respond', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const arrived = Promise.withResolvers<void>()
    await using server = await listen(() => arrived.resolve())
    const hanging = fetchSigner({ url: server.url, token: () => new Promise(() => {}) })
    const silent = fetchSigner({ url: server.url, token })
    const calls = [hanging, silent].map((signer) => statusAfter(signer))
    await arrived.promise
    vi.advanceTimersByTime(30_000)
    const codes = (await Promise.all(calls)).map(({ reason }) => reason.code)
    expect(codes).toEqual(['token_failed', 'no_answer'])
  })
})

describe('the answer to a batch', () => {
  const stored = { status: 'stored', durable: true }
  const refused = { error: { code: 'forbidden', message: 'No.' } }

  test.each([
    ['an answer for each item', [stored, refused], undefined],
    ['too few answers', [stored], 'storage_unavailable'],
    ['too many answers', [stored, stored, stored], 'storage_unavailable'],
    ['an answer of another shape', [stored, { status: 'put' }], 'storage_unavailable'],
    ['an error of an unknown code', [stored, { error: { code: 'teapot', message: 'm' } }], 'storage_unavailable'],
  ])('%s', async (_, items, code) => {
    await using server = await listen((_request, response) => answer(response, 200, { items }))
    const asked = fetchSigner({ url: server.url, token: async () => 'jwt' }).uploadUrls({ items: [upload, upload] })
    if (code === undefined) expect(await asked).toEqual({ items })
    else await expect(asked).rejects.toMatchObject({ code })
  })
})
