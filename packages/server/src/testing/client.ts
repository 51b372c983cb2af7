/** For tests: what an app does with a server, over HTTP. */
import { createHash } from 'node:crypto'
import { hashContent, type Right, toBase64, PART_SIZE } from '@rockpool/protocol'
import { SignJWT } from 'jose'

export const TOKEN_SECRET = 'token secret of at least thirty-two bytes'

export const tokenOf = (stores: Readonly<Record<string, readonly Right[]>>, sub = 'ada'): Promise<string> =>
  new SignJWT({ sub, stores })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 h')
    .sign(new TextEncoder().encode(TOKEN_SECRET))

export const addressOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface Client {
  /** Uploads through the signer; @returns the remote key. Throws what was not acknowledged. */
  put(bytes: Uint8Array<ArrayBuffer>): Promise<string>
  get(key: string): Promise<Uint8Array>
  /** the status of an explicit purge */
  purge(key: string): Promise<number>
  isStored(key: string): Promise<boolean>
  /** Appends one event behind whatever the log has. */
  push(name: string, args: object): Promise<void>
  events(): Promise<readonly WireEvent[]>
}

export interface WireEvent {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly seqNum: number
}

/** @param url asked for at each call: a server that was killed may listen elsewhere */
export const createClient = (url: () => string, storeId: string, token: string): Client => {
  const headers = { authorization: `Bearer ${token}` }
  const call = async (path: string, body?: object): Promise<any> => {
    const response = await fetch(`${url()}${path}`, {
      headers,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  const send = async (
    signed: { readonly url: string; readonly headers: Record<string, string> },
    body: Uint8Array<ArrayBuffer>,
  ) => {
    const response = await fetch(signed.url, { method: 'PUT', headers: signed.headers, body })
    await response.arrayBuffer()
    // 412: an attempt before this one was stored after all.
    if (!response.ok && response.status !== 412) throw new Error(`PUT: ${response.status}`)
  }

  const putParts = async (bytes: Uint8Array<ArrayBuffer>, key: string, digests: string) => {
    const size = bytes.length
    const started = await call('/signer/multipart', { key, size, type: 'image/png', digests })
    if (started.status === 'stored') return
    const { uploadId } = started
    const numbers = Array.from({ length: Math.ceil(size / PART_SIZE) }, (_, index) => index + 1)
    const { parts } = await call('/signer/multipart/parts', { key, size, uploadId, digests, numbers })
    for (const { number, ...part } of parts) {
      await send(part, bytes.subarray((number - 1) * PART_SIZE, number * PART_SIZE))
    }
    await call('/signer/multipart/complete', { key, size, uploadId, digests })
  }

  return {
    put: async (bytes) => {
      const { address, digests } = await hashContent([bytes])
      const key = `${storeId}/files/${address}`
      if (bytes.length > PART_SIZE) {
        await putParts(bytes, key, toBase64(digests))
        return key
      }
      const signed = await call('/signer/upload-url', { key, size: bytes.length, type: 'image/png' })
      if (signed.status !== 'stored') await send(signed, bytes)
      return key
    },
    get: async (key) => {
      const signed = await call(`/signer/download-url?key=${key}&check=1`)
      const response = await fetch(signed.url)
      if (!response.ok) throw new Error(`GET ${key}: ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    },
    purge: async (key) => {
      const response = await fetch(`${url()}/signer/objects?key=${key}`, { method: 'DELETE', headers })
      await response.arrayBuffer()
      return response.status
    },
    isStored: async (key) => {
      const response = await fetch(`${url()}/signer/download-url?key=${key}&check=1`, { headers })
      await response.arrayBuffer()
      return response.status === 200
    },
    push: async (name, args) => {
      const { head } = await call(`/sync/${storeId}/head`)
      const id = crypto.randomUUID().replaceAll('-', '')
      const event = { name, args, seqNum: head + 1, parentSeqNum: head, clientId: 'test', sessionId: `s#${id}.0` }
      await call(`/sync/${storeId}/events`, { parent: head, mayRenumber: true, events: [event] })
    },
    events: async () => {
      const all: WireEvent[] = []
      for (;;) {
        const { events, head } = await call(`/sync/${storeId}/events?since=${all.length}`)
        all.push(...events)
        if (all.length >= head) return all
      }
    },
  }
}
