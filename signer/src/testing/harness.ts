/** For tests: a signer over HTTP on a real store, tokens for it, and contents. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@rockpool/object-store'
import { openLocalStore } from '@rockpool/object-store/local'
import { type Buckets, hashContent, ownerOf, type Right, toBase64 } from '@rockpool/protocol'
import { sharedSecretTokens } from '@rockpool/access'
import { SignJWT } from 'jose'
import { createSigner, type Signer } from '../app.ts'
import type { SignerOptions } from '../options.ts'
import type { RequestLine, SignerEvent } from '../hooks.ts'
import { serve } from '../node.ts'

export const TOKEN_SECRET = 'token secret of at least thirty-two bytes'
export const RECEIPT_SECRET = 'receipt secret of at least thirty-two bytes'
export const URL_SECRET = 'url secret of at least thirty-two characters'

export const BUCKETS: Buckets = {
  files: { access: 'store' },
  photos: { access: 'store', types: ['image/*'], maxSize: 9_000_000 },
  site: { access: 'public' },
  private: { access: 'owner' },
}

export const token = (stores: Record<string, Right[]>, sub = 'ada', claims: object = {}): Promise<string> =>
  new SignJWT({ sub, stores, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('10 min')
    .sign(new TextEncoder().encode(TOKEN_SECRET))

/** Bytes that differ by `seed`. */
export const bytesOf = (size: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let state = seed * 2_654_435_761
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly size: number
  readonly address: string
  /** base64 */
  readonly digests: string
}

export const contentOf = async (size: number, seed = 1): Promise<Content> => {
  const bytes = bytesOf(size, seed)
  const { address, digests } = await hashContent([bytes])
  return { bytes, size, address, digests: toBase64(digests) }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // oxlint-disable-next-line no-explicit-any -- tests look into answers of any shape
  readonly json: any
}

export interface TestSigner {
  readonly url: string
  readonly fetch: Signer['fetch']
  readonly store: ObjectStore
  readonly lines: RequestLine[]
  readonly events: SignerEvent[]
  /** Sends a call with Ada's token (read, write and delete in `reef`) unless another is given, null for none. */
  call(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer>
  stop(): Promise<void>
}

/** A signer on a local store of its own, over real HTTP. */
export const startSigner = async (
  options: Partial<SignerOptions> = {},
  wrap: (store: ObjectStore) => ObjectStore = (store) => store,
): Promise<TestSigner> => {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-signer-'))
  const local = await openLocalStore({ directory, publicBaseUrl: '', secret: URL_SECRET })
  const started = await startOn(wrap(local), options)
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await started.stop()
    await local.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { ...started, stop: () => (stopped ??= stop()) }
}

/** A signer on a given store. */
export const startOn = async (store: ObjectStore, options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const lines: RequestLine[] = []
  const events: SignerEvent[] = []
  const signer = createSigner({
    store,
    authenticate: sharedSecretTokens({ secrets: [TOKEN_SECRET] }),
    buckets: BUCKETS,
    urlSecret: URL_SECRET,
    receiptSecret: RECEIPT_SECRET,
    hooks: { onRequest: (line) => lines.push(line), onEvent: (event) => events.push(event) },
    ...options,
  })
  const server = await serve(signer, { port: 0 })
  const url = `http://127.0.0.1:${server.port}`
  const ada = await token({ reef: ['read', 'write', 'delete'] })
  return {
    url,
    fetch: signer.fetch,
    store,
    lines,
    events,
    async call(method, path, body, bearer = ada) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          // An idle connection may reach the server's keep-alive timeout while a busy test blocks the event loop.
          connection: 'close',
          ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, json: parsed(text) }
    },
    stop: () => server.stop(1_000),
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers })
  return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) }
}

/** Matchers take seconds for 16 MiB. */
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Sends bytes to a presigned request. */
export const send = (
  signed: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  body: Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
): Promise<Response> => {
  const all = { ...signed.headers, ...headers }
  delete all['content-length']
  return fetch(signed.url, { method: 'PUT', body, headers: all, duplex: 'half' } as RequestInit)
}

/** Uploads a content in parts, as a well-behaved client does. */
export const uploadParts = async (signer: TestSigner, key: string, content: Content, type = 'video/mp4') => {
  const { size, digests, bytes } = content
  const { json: begun } = await signer.call('POST', '/multipart', { key, size, type, digests })
  const numbers = Array.from({ length: Number(content.address.split('-')[1]) }, (_, i) => i + 1)
  const { json } = await signer.call('POST', '/multipart/parts', {
    key,
    size,
    uploadId: begun.uploadId,
    digests,
    numbers,
  })
  for (const part of json.parts) {
    const start = (part.number - 1) * begun.partSize
    const { status } = await send(part, bytes.slice(start, start + begun.partSize))
    if (status !== 200) throw new Error(`part ${part.number}: ${status}`)
  }
  const complete = await signer.call('POST', '/multipart/complete', { key, size, uploadId: begun.uploadId, digests })
  return { uploadId: begun.uploadId as string, complete }
}

export { ownerOf }
