/** Reads content from object storage by presigned URLs. */
import {
  addressOfDigests,
  addressOfKey,
  addressParts,
  type ByteRange,
  type ByteSpan,
  formatRange,
  fromHex,
  type Hashing,
  parseContentRange,
  type RemoteKey,
  resolveRange,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'
import type { Signer } from '../../ports/signer.ts'
import { type ByteReader, byteReader, readExactly } from './byte-reader.ts'
import { reach, redirected, statusToError, retryAfterOf } from './http.ts'

export interface RemotePorts {
  readonly signer: Pick<Signer, 'downloadUrl'>
  /** the browser's own when not given */
  readonly fetch?: typeof fetch
  /** parts of 8 MiB and WebCrypto when not given */
  readonly hashing?: Hashing
}

/** The bytes from part `number` (1 to N) to the end, and the size of the whole content in bytes. */
export const readFrom = async (
  ports: RemotePorts,
  key: RemoteKey,
  number: number,
  signal?: AbortSignal,
): Promise<{ readonly body: ByteReader; readonly size: number }> => {
  const start = (number - 1) * (ports.hashing ?? WEB_HASHING).partSize
  const response = await get(ports, key, 'url', start === 0 ? {} : { range: `bytes=${start}-` }, signal)
  const body = byteReader(response.body!, signal)
  const length = response.headers.get('content-length')
  if (length === null || (start > 0 && response.status !== 206)) {
    await body.cancel()
    throw new RockpoolError(
      'storage_unavailable',
      'The object store must send Content-Length and support Range requests. Check its CORS rules and proxies.',
    )
  }
  return { body, size: start + Number(length) }
}

/**
 * A range of content.
 *
 * @returns undefined when the object store responds with another range, or hides `Content-Range` (CORS)
 */
export const readRange = async (
  ports: RemotePorts,
  key: RemoteKey,
  range: ByteRange,
  signal?: AbortSignal,
): Promise<{ readonly body: ByteReader; readonly span: ByteSpan; readonly size: number } | undefined> => {
  const response = await get(ports, key, 'url', { range: formatRange(range) }, signal)
  const body = byteReader(response.body!, signal)
  const sent = parseContentRange(response.headers.get('content-range'))
  const span = sent && resolveRange(range, sent.size)
  if (response.status === 206 && sent && span?.start === sent.start && span.end === sent.end) {
    return { body, span, size: sent.size }
  }
  await body.cancel()
  return undefined
}

/** The SHA-256 of each part, 32 x N bytes. Verified: their hash is the address. */
export const readDigests = async (
  ports: RemotePorts,
  key: RemoteKey,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> => {
  const address = addressOfKey(key)
  if (addressParts(address) === 1) return fromHex(address)
  const response = await get(ports, key, 'partsUrl', {}, signal)
  const digests = await readExactly(byteReader(response.body!, signal), addressParts(address) * 32)
  if (!digests || (await addressOfDigests(digests, ports.hashing)) !== address) throw noDigests()
  return digests
}

const get = async (
  ports: RemotePorts,
  key: RemoteKey,
  which: 'url' | 'partsUrl',
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> => {
  for (let tries = 1; ; tries++) {
    const url = (await ports.signer.downloadUrl({ key }, signal))[which]
    if (url === undefined) throw noDigests()
    const init: RequestInit = { headers, credentials: 'omit', cache: 'no-store', ...(signal ? { signal } : {}) }
    const response = await reach(() => (ports.fetch ?? fetch)(url, init), signal)
    if (response.ok && response.body && !response.redirected) return response
    await response.body?.cancel()
    if (response.redirected) throw redirected()
    // 403: the URL may have expired; try a fresh one.
    if (tries === 2 || response.status !== 403) {
      throw statusToError(response.status, which === 'url' ? 'file' : 'digest list', retryAfterOf(response))
    }
  }
}

const noDigests = (): RockpoolError =>
  new RockpoolError(
    'storage_suspect',
    'The object store lacks the digest list of this file, or keeps a wrong one. Ask its administrator to upload the file again.',
  )
