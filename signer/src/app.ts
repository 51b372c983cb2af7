/** The routes of the signer HTTP contract, v1. Each call is implemented in the file of its name. */
import type { ObjectStore } from '@rockpool/object-store'
import {
  type Buckets,
  type BucketsOf,
  DEFAULT_BUCKETS,
  type Hashing,
  parseRemoteKey,
  type QuotaUsage,
  type RemoteKey,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import { type Authenticate, decodeBuckets, receiptSigner } from '@rockpool/access'
import { type Context, Hono } from 'hono'
import { cors as corsMiddleware } from 'hono/cors'
import { routePath } from 'hono/route'
import { type Authorize, createAccess, type HoldOf } from './access.ts'
import { runBatch } from './batches.ts'
import { listArtifacts, serveArtifact } from './artifacts.ts'
import { decode, readJson } from './body.ts'
import { createDigestLists } from './digest-lists.ts'
import { downloadUrl, publicUrl } from './downloads.ts'
import { describeError, errorResponse, httpError } from './errors.ts'
import { serveForm, uploadForm } from './gateway.ts'
import { discardFile, keepFile, signFile, SignKeyRequest, signRead, SignUploadRequest } from './gateway-urls.ts'
import { createBodyBuffers } from './body-buffers.ts'
import { callHook, type SignerHooks } from './hooks.ts'
import { abortMultipart, completeMultipart, signParts, startMultipart } from './multipart.ts'
import { serveSigned, deleteObject, readObject, writeObject } from './objects.ts'
import { openapi } from './openapi.ts'
import { createRateLimit, DEFAULT_RATE_LIMIT, type RateLimitRules } from './rate-limit.ts'
import { createReadiness } from './readiness.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'
import { uploadUrl } from './uploads.ts'

export interface SignerOptions {
  readonly store: ObjectStore
  /** who sent a token: {@link sharedSecretTokens}, {@link jwksTokens}, or a function of your own */
  readonly authenticate: Authenticate
  /** whether a content may be uploaded: the limit that it would break, and what to say; no limit unless set */
  readonly checkQuota?: CheckQuota
  /** replaces the rule that a token's `stores` claim decides */
  readonly authorize?: Authorize
  /** `{ files: { access: 'store' } }` when not given */
  readonly buckets?: Buckets | BucketsOf
  /** of contents in buckets that hold. Without it, buckets that hold are refused */
  readonly holdOf?: HoldOf
  /** the secret of a `local` or `hybrid` store's signed URLs: what the store was opened with */
  readonly urlSecret?: string
  /** where this signer is reached from outside; when not given, the address that a request arrived at (`RequestSource.origin`) */
  readonly publicBaseUrl?: string
  /**
   * Signed URLs are on the host that a request names in its Host header, which its sender chooses freely. For servers that check
   * it before, as Vite's does. Off unless set
   */
  readonly trustHost?: boolean
  /** exact origins of web pages that may call; the page's own origin needs no mention */
  readonly cors?: { readonly origins: readonly string[] }
  /** per user, and per address on public reads; `false`: none */
  readonly rateLimit?: RateLimitRules | false
  /** honour the claim `role: "service"`: every right in every store. Off unless set */
  readonly serviceRole?: boolean
  /** largest lifetime of a shared URL in seconds; 3,600 unless set */
  readonly longestShare?: number
  /** a CDN in front of the public buckets, on an origin that is not the app's */
  readonly cdnBaseUrl?: string
  /** serve the gateway contract of livestore-filesync under `/gateway`. Off unless set */
  readonly gateway?: boolean
  /** called for requests, decisions and objects */
  readonly hooks?: SignerHooks
  /**
   * Clients confirm single PUTs (up to 8 MiB) straight to an S3 bucket by one more small request each, so that
   * `object.created` is told of those, too. Unless set: on when `hooks.onEvent` is given
   */
  readonly confirmUploads?: boolean
  /**
   * Signs the receipts in answers that say that content is stored, for the sync server, which has the same secret; at least
   * 32 bytes. Clients confirm every single PUT then. No receipts unless set
   */
  readonly receiptSecret?: string | undefined
  /**
   * Bytes in one part; 8 MiB unless set. Clients and sync server need the same one, since content addresses depend on it.
   * S3 takes no parts below 5 MiB: smaller ones are for tests
   */
  readonly partSize?: number
  /** SHA-256; WebCrypto's unless set. A simulation gives one that its scheduler controls */
  readonly digest?: Hashing['digest']
  /** unix ms, for receipts and signed URLs: the clock of the store that signs them; the system's unless set */
  readonly now?: () => number
}

/** The origin of a request, which a Request does not contain. */
/** @returns undefined: there is room */
export type CheckQuota = (upload: {
  readonly storeId: string
  readonly sub: string
  readonly remoteKey: RemoteKey
  /** bytes */
  readonly size: number
}) => Promise<{ readonly usage: QuotaUsage; readonly message: string } | undefined>

export interface RequestSource {
  readonly address?: string
  /** of the socket that it arrived at, such as `http://127.0.0.1:8787` */
  readonly origin?: string
  /** for the log and the header `X-Request-Id`; a new one unless set */
  readonly requestId?: string
  /**
   * Sends 200 with a JSON body past `Response`, which on Node costs 40 of the 140 µs of a request (measured). Returns what
   * stands for the response that was sent
   */
  readonly sendJson?: (text: string, headers: Readonly<Record<string, string>>) => Response
}

export interface Signer {
  /** Serves one request. Never rejects. */
  readonly fetch: (request: Request, source?: RequestSource) => Promise<Response>
}

type Env = {
  Bindings: RequestSource
  Variables: {
    caller?: Caller
    storeId?: string
    failure?: unknown
    requestId: string
    /** the response has its common headers already */
    headed?: boolean
  }
}

/**
 * The signer as a web-standard handler.
 *
 * @throws RockpoolError `bad_request` when the options are unsafe or invalid
 */
export const createSigner = (options: SignerOptions): Signer => {
  checkOptions(options)
  const { store, hooks = {}, longestShare = 3_600, confirmUploads = hooks.onEvent !== undefined } = options
  const { now = () => Date.now() } = options
  const rateLimit = options.rateLimit === false ? undefined : createRateLimit(options.rateLimit ?? DEFAULT_RATE_LIMIT)
  const signReceipt = options.receiptSecret === undefined ? undefined : receiptSigner(options.receiptSecret)
  const hashing: Hashing = {
    partSize: options.partSize ?? WEB_HASHING.partSize,
    digest: options.digest ?? WEB_HASHING.digest,
  }
  const requests = schema.requestSchemas(hashing)
  const services: SignerServices = {
    store,
    hashing,
    requests,
    longestShare,
    cdnBaseUrl: options.cdnBaseUrl?.replace(/\/+$/, ''),
    digestLists: createDigestLists(hashing),
    bufferBody: createBodyBuffers(),
    confirmUploads: signReceipt !== undefined || (confirmUploads && store.mode === 's3'),
    now,
    receiptOf: async (key, size) => (signReceipt ? { receipt: await signReceipt(key, { size, at: now() }) } : {}),
    emit: (event) => callHook(hooks.onEvent, event),
    requireRoom: async ({ claims: { sub } }, { key, storeId }, size) => {
      const exceeded = await options.checkQuota?.({ storeId, sub, remoteKey: key, size })
      if (exceeded) throw httpError('quota_exceeded', exceeded.message, { usage: exceeded.usage })
    },
    access: createAccess({
      authenticate: options.authenticate,
      authorize: options.authorize,
      buckets: options.buckets ?? DEFAULT_BUCKETS,
      holdOf: options.holdOf,
      serviceRole: options.serviceRole ?? false,
      rateLimit,
      decided: (decision) => {
        callHook(hooks.onDecision, decision)
        if (!decision.allowed) callHook(hooks.onEvent, { type: 'access.denied', ...decision })
      },
    }),
  }
  const ready = createReadiness(store)
  const app = new Hono<Env>()

  app.use(async (c, next) => {
    const started = performance.now()
    c.set('requestId', c.env?.requestId ?? crypto.randomUUID())
    await next()
    // Not `c.header`: on a finished response it creates a new Response, which costs a third of a whole request.
    if (!c.var.headed) c.res.headers.set('x-request-id', c.var.requestId)
    if (!hooks.onRequest) return
    const { caller, storeId, failure } = c.var
    callHook(hooks.onRequest, {
      requestId: c.var.requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      ...(caller && { sub: caller.claims.sub }),
      ...(storeId !== undefined && { storeId }),
      ...(c.res.status >= 500 && failure !== undefined && { error: describeError(failure) }),
    })
  })
  const cors = allowOrigins(options.cors?.origins ?? [])
  app.use(async (c, next) => {
    if (c.req.header('origin') !== undefined) return cors(c, next)
    await next()
    if (!c.var.headed) c.res.headers.append('vary', 'Origin')
  })
  app.onError((error, c) => {
    c.set('failure', error)
    return errorResponse(error)
  })
  app.notFound(() =>
    errorResponse(httpError('not_found', 'There is no such call. See /openapi.json for those there are.')),
  )

  /** Authenticates the caller, and decodes the body or query by `shape`. */
  const parseRequest = async <A extends object, I>(
    c: Context<Env>,
    shape: Parameters<typeof readJson<A, I>>[1],
    query = false,
  ) => {
    const caller = await services.access.identify(c.req.raw)
    c.set('caller', caller)
    const request = query ? decode(shape, c.req.query()) : await readJson(c.req.raw, shape)
    if ('key' in request) setStoreId(c, request.key as string)
    return { caller, request, from: c.req.raw }
  }
  /** A JSON response. All headers at once: adding one to a finished Response costs a third of a whole request. */
  const answer = (c: Context<Env>, body: unknown) => {
    c.set('headed', true)
    const headers = {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      vary: 'Origin',
      'x-request-id': c.var.requestId,
    }
    const text = JSON.stringify(body)
    // The headers of CORS are added to the Response.
    const send = c.req.header('origin') === undefined ? c.env?.sendJson : undefined
    return send ? send(text, headers) : new Response(text, { headers })
  }
  const ownOrigin =
    options.publicBaseUrl && URL.canParse(options.publicBaseUrl) ? new URL(options.publicBaseUrl).origin : undefined
  const originOf = (c: Context<Env>): string =>
    ownOrigin ?? (options.trustHost ? new URL(c.req.url).origin : (c.env?.origin ?? ''))
  /** Adds the origin to signed URLs of a store whose base URL is a path. */
  const withOrigin =
    (c: Context<Env>) =>
    <A extends object>(signed: A): A =>
      absoluteUrls(signed, originOf(c))

  app.get('/health', (c) => answer(c, { ok: true }))
  app.get('/ready', () => ready())
  app.get('/openapi.json', (c) => c.json(openapi()))

  app.get('/download-url', async (c) => {
    const { caller, request, from } = await parseRequest(c, schema.DownloadUrlQuery, true)
    return answer(c, withOrigin(c)(await downloadUrl(services, caller, request, from)))
  })
  app.post('/download-urls', async (c) => {
    const { caller, request, from } = await parseRequest(c, schema.DownloadUrlsEnvelope)
    services.access.countItems(caller, request.keys.length)
    const items = await runBatch(request.keys, async (key) =>
      withOrigin(c)(await downloadUrl(services, caller, decode(schema.DownloadUrlRequest, { key }), from)),
    )
    return answer(c, { items })
  })
  app.post('/upload-url', async (c) => {
    const { caller, request, from } = await parseRequest(c, requests.UploadUrlRequest)
    return answer(c, withOrigin(c)(await uploadUrl(services, caller, request, from.signal)))
  })
  app.post('/upload-urls', async (c) => {
    const { caller, request, from } = await parseRequest(c, schema.UploadUrlsEnvelope)
    services.access.countItems(caller, request.items.length)
    const items = await runBatch(request.items, async (item) =>
      withOrigin(c)(await uploadUrl(services, caller, decode(requests.UploadUrlRequest, item), from.signal)),
    )
    return answer(c, { items })
  })

  app.post('/multipart', async (c) => {
    const { caller, request, from } = await parseRequest(c, requests.MultipartRequest)
    return answer(c, await startMultipart(services, caller, request, from.signal))
  })
  app.post('/multipart/parts', async (c) => {
    const { caller, request } = await parseRequest(c, requests.MultipartPartsRequest)
    const signed = await signParts(services, caller, request)
    return answer(c, 'parts' in signed ? { ...signed, parts: signed.parts.map(withOrigin(c)) } : signed)
  })
  app.post('/multipart/complete', async (c) => {
    const { caller, request, from } = await parseRequest(c, requests.MultipartCompleteRequest)
    return answer(c, await completeMultipart(services, caller, request, from.signal))
  })
  app.post('/multipart/abort', async (c) => {
    const { caller, request, from } = await parseRequest(c, schema.MultipartAbortRequest)
    await abortMultipart(services, caller, request, from.signal)
    return c.body(null, 204)
  })

  app.get('/public/*', async (c) => {
    const text = pathBehind(c, '/public/')
    const type = c.req.query('type')
    const request = decode(schema.DownloadUrlRequest, { key: text, ...(type !== undefined && { type }) })
    setStoreId(c, text)
    const { url } = await publicUrl(services, request.key, request.type, c.env?.address ?? '')
    c.header('cache-control', 'no-store')
    return c.redirect(withOrigin(c)({ url }).url, 302)
  })

  app.delete('/objects', async (c) => {
    const { caller, request, from } = await parseRequest(c, schema.DownloadUrlQuery, true)
    return deleteObject(services, caller, request.key, from.signal)
  })
  app.on(['GET', 'PUT', 'DELETE'], '/objects/*', async (c) => {
    const request = c.req.raw
    const path = pathBehind(c, '/objects/')
    setStoreId(c, path)
    const object = { request, path, onError: (error: unknown) => c.set('failure', error) }
    if (c.req.query('signature') !== undefined) return serveSigned(services, options.urlSecret, object)
    const caller = await services.access.identify(request)
    c.set('caller', caller)
    if (request.method === 'PUT') return writeObject(services, caller, object)
    if (request.method === 'DELETE') return deleteObject(services, caller, path, request.signal)
    return readObject(services, caller, object)
  })

  app.get('/artifacts', async (c) => {
    const caller = await services.access.identify(c.req.raw)
    c.set('caller', caller)
    return answer(c, await listArtifacts(services, caller, c.req.query(), c.req.raw.signal))
  })
  app.on(['GET', 'PUT', 'POST', 'DELETE'], '/artifacts/*', async (c) => {
    const caller = await services.access.identify(c.req.raw)
    c.set('caller', caller)
    const path = pathBehind(c, '/artifacts/')
    return serveArtifact(services, caller, { request: c.req.raw, path, onError: (error) => c.set('failure', error) })
  })

  if (options.gateway) {
    const gatewayUrl = (c: Context<Env>) => `${options.publicBaseUrl || originOf(c)}/gateway`
    app.get('/gateway/health', (c) => answer(c, { ok: true }))
    app.post('/gateway/v1/sign/upload', async (c) => {
      const { caller, request, from } = await parseRequest(c, SignUploadRequest)
      return answer(c, withOrigin(c)(await signFile(services, caller, request, from, gatewayUrl(c))))
    })
    app.post('/gateway/v1/sign/download', async (c) => {
      const { caller, request, from } = await parseRequest(c, SignKeyRequest)
      return answer(c, withOrigin(c)(await signRead(services, caller, request, from)))
    })
    app.post('/gateway/v1/delete', async (c) => {
      const { caller, request } = await parseRequest(c, SignKeyRequest)
      await keepFile(services, caller, request)
      return c.body(null, 204)
    })
    app.put('/gateway/stored/*', async (c) => {
      const path = pathBehind(c, '/gateway/stored/')
      setStoreId(c, path)
      const caller = await services.access.identify(c.req.raw)
      c.set('caller', caller)
      await discardFile(services, caller, path, c.req.raw)
      return c.body(null, 200)
    })
    app.post('/gateway/upload', async (c) => {
      const caller = await services.access.identify(c.req.raw)
      c.set('caller', caller)
      const key = await uploadForm(services, caller, c.req.raw)
      setStoreId(c, key)
      return answer(c, { url: `${gatewayUrl(c)}/files/${key}` })
    })
    app.on(['GET', 'DELETE'], '/gateway/files/*', async (c) => {
      const path = pathBehind(c, '/gateway/files/')
      setStoreId(c, path)
      const caller = await services.access.identify(c.req.raw)
      c.set('caller', caller)
      return serveForm(services, caller, { request: c.req.raw, path, onError: (error) => c.set('failure', error) })
    })
  }

  return {
    fetch: async (request, source = {}) => {
      try {
        return await app.fetch(request, source)
      } catch (error) {
        // Hono rethrows values that are no Error, which the app's own hooks may throw.
        return errorResponse(error)
      }
    },
  }
}

/** The raw path after `prefix`. Not decoded: a valid key needs no percent-encoding. */
const pathBehind = (c: Context<Env>, prefix: string): string => {
  const { pathname } = new URL(c.req.url)
  return pathname.slice(pathname.indexOf(prefix) + prefix.length)
}

const setStoreId = (c: Context<Env>, key: string) => {
  const parts = parseRemoteKey(key.replace(/\.parts$/, ''))
  if (parts) c.set('storeId', parts.storeId)
}

const absoluteUrls = <A extends object>(signed: A, origin: string): A => {
  const result: { url?: unknown; partsUrl?: unknown } = { ...signed }
  for (const field of ['url', 'partsUrl'] as const) {
    const url = result[field]
    if (typeof url === 'string' && url.startsWith('/')) result[field] = origin + url
  }
  return result as A
}

const allowOrigins = (origins: readonly string[]) =>
  corsMiddleware({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'range',
      'if-none-match',
      'if-match',
      'x-worker-auth',
      'x-amz-content-sha256',
      'x-amz-checksum-sha256',
    ],
    exposeHeaders: [
      'ETag',
      'Content-Range',
      'Content-Length',
      'Accept-Ranges',
      'Retry-After',
      'X-Request-Id',
      'X-Rockpool-Address',
    ],
    maxAge: 86_400,
  })

const checkOptions = (options: SignerOptions): void => {
  const { store, authenticate, buckets, urlSecret, cors, cdnBaseUrl, publicBaseUrl, longestShare = 1 } = options
  const { partSize = WEB_HASHING.partSize } = options
  const fail = (message: string) => new RockpoolError('bad_request', message)
  if (typeof authenticate !== 'function')
    throw fail('The signer needs a verifier for tokens: without one it does not start.')
  if (store.mode !== 's3' && (urlSecret === undefined || urlSecret.length < 32)) {
    throw fail(
      'The signer of a local or hybrid store needs the urlSecret that the store was opened with (32 characters or more).',
    )
  }
  if (buckets !== undefined && typeof buckets !== 'function') {
    const rules = Object.values(decodeBuckets(buckets, (problem) => fail(`buckets: ${problem}.`)))
    if (options.holdOf === undefined && rules.some(({ hold }) => hold !== undefined)) {
      throw fail('This signer cannot hold files: run rockpool-server, or remove "hold" from the buckets.')
    }
    if (cdnBaseUrl !== undefined && rules.some(({ access, hold }) => access === 'public' && hold !== undefined)) {
      throw fail('A CDN serves public buckets without asking: remove "hold" from these, or the CDN base URL.')
    }
  }
  if (!(longestShare >= 1 && longestShare <= 604_800))
    throw fail('longestShare is 1 to 604800 seconds, the limit of S3.')
  if (!Number.isSafeInteger(partSize) || partSize < 1) throw fail('partSize is a whole number of bytes, 1 or more.')
  const origins = cors?.origins ?? []
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw fail(`"${origin}" is not an exact origin. Write it like "https://app.example.com".`)
    }
  }
  if (cdnBaseUrl !== undefined) {
    if (!URL.canParse(cdnBaseUrl)) throw fail('The CDN base URL is not a URL.')
    // Public files could run in it: a page of the app must never be one of them.
    const own = publicBaseUrl !== undefined && URL.canParse(publicBaseUrl) ? [new URL(publicBaseUrl).origin] : []
    if ([...origins, ...own].includes(new URL(cdnBaseUrl).origin))
      throw fail("The CDN base URL must not be on the app's own origin.")
  }
}
