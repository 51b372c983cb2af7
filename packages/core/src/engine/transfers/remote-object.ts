/** Content in object storage, read by presigned URLs. */
import {
  addressOfDigests,
  addressOfKey,
  addressParts,
  type ByteRange,
  type ByteSpan,
  type DownloadUrl,
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
import { type ByteReader, byteReader, readUpTo } from './byte-reader.ts'
import { reach, redirected, statusToError, retryAfterOf } from './http.ts'
import { noteArrival, type StallClock, type Stop, unlessStalled } from './stall.ts'

export interface RemotePorts extends StallClock {
  readonly signer: Pick<Signer, 'downloadUrl'>
  /** the browser's own when not given */
  readonly fetch?: typeof fetch
  /** parts of 8 MiB and WebCrypto when not given */
  readonly hashing?: Hashing
}

export interface RemoteBody {
  readonly body: ByteReader
  /**
   * The bytes that the object store sends, and the size of the whole content. Undefined when a proxy ignored the range, or
   * CORS hides `Content-Range`. `Content-Length` never counts: a proxy that recompresses changes it.
   */
  readonly sent: (ByteSpan & { readonly size: number }) | undefined
  /** Whether the object store took the range: the body starts where it does. */
  readonly isRange: boolean
}

/** One object. Its URLs are signed once, and again when the object store refuses them. Each request and each read may take 30 s. */
export interface RemoteObject {
  /** @throws RockpoolError `not_found`, `bad_request` without such bytes, `offline`, `aborted`, and the signer's codes */
  open(range?: ByteRange): Promise<RemoteBody>
  /**
   * The SHA-256 of each part, 32 x N bytes. Verified: their hash is the address.
   *
   * @throws RockpoolError `storage_suspect`, and as `open` does
   */
  digests(): Promise<Uint8Array<ArrayBuffer>>
}

/** @param signal ends its requests and bodies; follows `stop` */
export const remoteObject = (ports: RemotePorts, key: RemoteKey, { stop, signal }: Stop): RemoteObject => {
  let signed: Promise<DownloadUrl> | undefined
  const inTime = <A>(work: Promise<A>): Promise<A> => unlessStalled(ports, stop, work, 'bytes')
  const inTurn = (work: Promise<Response>): Promise<Response> => unlessStalled(ports, stop, work, 'response')

  const get = async (which: 'url' | 'partsUrl', headers: Record<string, string>): Promise<Response> => {
    for (let tries = 1; ; tries++) {
      const used = (signed ??= ports.signer.downloadUrl({ key }, signal))
      const url = (await used)[which]
      noteArrival(ports)
      if (url === undefined) throw noDigests()
      const init: RequestInit = { headers, credentials: 'omit', cache: 'no-store', signal }
      const response = await reach(() => (ports.fetch ?? fetch)(url, init), signal)
      if (response.ok && response.body && !response.redirected) return response
      await response.body?.cancel()
      if (response.redirected) throw redirected()
      // 403: the URL may have expired.
      if (tries === 2 || response.status !== 403) {
        throw statusToError(response.status, which === 'url' ? 'file' : 'digest list', retryAfterOf(response))
      }
      if (signed === used) signed = undefined
    }
  }

  return {
    async open(range) {
      // A request for a range has `Accept-Encoding: identity`, by the Fetch standard: no proxy compresses its response.
      const response = await inTurn(get('url', range ? { range: formatRange(range) } : {}))
      const body = byteReader(response.body!, { signal, inTime })
      const isRange = range !== undefined && response.status === 206
      const sent = isRange ? parseContentRange(response.headers.get('content-range')) : undefined
      const span = sent && resolveRange(range, sent.size)
      if (!sent || (span?.start === sent.start && span.end === sent.end)) return { body, sent, isRange }
      await body.cancel()
      throw new RockpoolError(
        'storage_unavailable',
        'The object store sent other bytes than were requested. Check the proxies on the way.',
      )
    },

    async digests() {
      const address = addressOfKey(key)
      if (addressParts(address) === 1) return fromHex(address)
      const response = await inTurn(get('partsUrl', {}))
      const length = addressParts(address) * 32
      const digests = await readUpTo(byteReader(response.body!, { signal, inTime }), length)
      if (digests?.length !== length) throw noDigests()
      if ((await addressOfDigests(digests, ports.hashing ?? WEB_HASHING)) !== address) throw noDigests()
      return digests
    },
  }
}

const noDigests = (): RockpoolError =>
  new RockpoolError(
    'storage_suspect',
    'The object store lacks the digest list of this file, or keeps a wrong one. Ask its administrator to upload the file again.',
  )
