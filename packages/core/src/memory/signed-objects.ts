import {
  contentDisposition,
  effectiveRange,
  equalBytes,
  formatContentRange,
  isNotModified,
  isPassiveType,
  OCTET_STREAM,
  parseRange,
  resolveRange,
} from '@rockpool/protocol'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web-platform.ts'

/** What a signed URL allows: exactly this. */
export type MemoryGrant =
  | { readonly method: 'GET'; readonly key: string; readonly type?: string; readonly disposition?: string }
  | MemoryPutGrant
  | (Omit<MemoryPutGrant, 'type'> & { readonly uploadId: string; readonly number: number })

interface MemoryPutGrant {
  readonly method: 'PUT'
  readonly key: string
  /** bytes */
  readonly size: number
  readonly type: string
  /** digest of the bytes */
  readonly sha256: Uint8Array
}

export interface MemoryObject {
  readonly bytes: Blob
  readonly type: string
}

/** What goes wrong with the object store. */
export interface MemoryObjectFaults {
  /** nothing is reached: requests fail as without a network */
  offline: boolean
  /** every request is answered with this status */
  status: number | undefined
  /** requests wait forever; bodies of downloads stop after their first chunk */
  stall: 'request' | 'body' | undefined
  /** what a download sends instead of the bytes asked for, under their headers */
  tamper: ((bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) | undefined
}

/** An object store in memory that is reached by signed URLs only, through a `fetch` of its own. */
export interface MemorySignedObjects {
  readonly objects: Map<string, MemoryObject>
  /** parts by number, of uploads by id */
  readonly uploads: Map<string, { readonly key: string; readonly type: string; readonly parts: Map<number, Blob> }>
  sign(grant: MemoryGrant, expiresAt: number): string
  readonly fetch: typeof fetch
}

export const memorySignedObjects = (
  faults: MemoryObjectFaults,
  { clock, newId, hashing }: Pick<Platform, 'clock' | 'newId' | 'hashing'> = webPlatform,
): MemorySignedObjects => {
  const objects: MemorySignedObjects['objects'] = new Map()
  const uploads: MemorySignedObjects['uploads'] = new Map()
  const grants = new Map<string, { readonly grant: MemoryGrant; readonly expiresAt: number }>()

  const get = async (grant: MemoryGrant & { method: 'GET' }, request: Request): Promise<Response> => {
    const object = objects.get(grant.key)
    if (!object) return answer(404)
    const { size } = object.bytes
    const validators = { etag: etagOf(grant.key), isImmutable: true }
    if (isNotModified(request.headers, validators)) return answer(304, { etag: validators.etag })
    const range = parseRange(effectiveRange(request.headers, validators))
    const span = resolveRange(range, size)
    if (!span) return answer(416, { 'content-range': `bytes */${size}` })
    const { start, end } = span
    const type = grant.type ?? object.type
    return new Response(bodyOf(object.bytes.slice(start, end), request.signal), {
      status: range ? 206 : 200,
      headers: {
        'content-length': String(end - start),
        'content-type': type,
        etag: validators.etag,
        'accept-ranges': 'bytes',
        ...(range ? { 'content-range': formatContentRange(span, size) } : {}),
        ...(grant.disposition === undefined ? {} : { 'content-disposition': grant.disposition }),
      },
    })
  }

  const put = async (grant: Exclude<MemoryGrant, { method: 'GET' }>, request: Request): Promise<Response> => {
    const bytes = new Uint8Array(await request.arrayBuffer())
    if (bytes.length !== grant.size) return answer(403)
    if ('type' in grant) {
      if (request.headers.get('content-type') !== grant.type || request.headers.get('if-none-match') !== '*') {
        return answer(403)
      }
    }
    if (!equalBytes(await hashing.digest(bytes), grant.sha256)) return answer(400)
    if ('uploadId' in grant) {
      const upload = uploads.get(grant.uploadId)
      if (!upload || upload.key !== grant.key) return answer(404)
      upload.parts.set(grant.number, new Blob([bytes]))
    } else {
      if (objects.has(grant.key)) return answer(412)
      objects.set(grant.key, { bytes: new Blob([bytes]), type: grant.type })
    }
    return answer(200, { etag: etagOf(grant.key) })
  }

  const bodyOf = (blob: Blob, signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const { tamper, stall } = faults
    const whole = tamper
      ? new Blob([blob]).stream().pipeThrough(
          new TransformStream({
            async start(controller) {
              controller.enqueue(tamper(new Uint8Array(await blob.arrayBuffer())))
              controller.terminate()
            },
          }),
        )
      : blob.stream()
    const chunks = stall === 'body' ? whole.pipeThrough(afterFirstChunk()) : whole
    return chunks.pipeThrough(new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(), { signal })
  }

  return {
    objects,
    uploads,

    sign(grant, expiresAt) {
      const signature = newId()
      grants.set(signature, { grant, expiresAt })
      return `https://objects.memory/${grant.key}?signature=${signature}`
    },

    async fetch(input, init) {
      const request = new Request(input, init)
      request.signal.throwIfAborted()
      if (faults.offline) throw new TypeError('Failed to fetch')
      // The caller's own signal: nobody would hold on to the one that Request derives from it (Node holds it weakly).
      if (faults.stall === 'request') await stalled(init?.signal ?? request.signal)
      if (faults.status !== undefined) return answer(faults.status)
      const { origin, pathname, searchParams } = new URL(request.url)
      if (origin !== 'https://objects.memory') throw new TypeError(`Failed to fetch: nothing is at ${origin}`)
      const signed = grants.get(searchParams.get('signature') ?? '')
      if (!signed || pathname !== `/${signed.grant.key}` || signed.expiresAt <= clock.now()) return answer(403)
      const { grant } = signed
      if (request.method !== grant.method) return answer(403)
      return grant.method === 'GET' ? get(grant, request) : put(grant, request)
    },
  }
}

const answer = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(status === 200 || status === 304 ? null : `status ${status}`, { status, headers })

/** Contents are named by their hash, so their names are as good as tags. */
export const etagOf = (key: string): string => `"${key.split('/').at(-1)}"`

const stalled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

const afterFirstChunk = (): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> => {
  let chunks = 0
  return new TransformStream({
    transform(chunk, controller) {
      if (chunks++ === 0) return controller.enqueue(chunk)
      return new Promise(() => {})
    },
    flush: () => new Promise(() => {}),
  })
}

/** How an object store presents a download, by the type that the record gives. */
export const presentation = (
  type: string | undefined,
  disposition: 'inline' | 'attachment' | undefined,
  name: string | undefined,
): { readonly type?: string; readonly disposition?: string } => {
  const shown = type === undefined || isPassiveType(type) ? type : OCTET_STREAM
  const how = shown === OCTET_STREAM ? 'attachment' : (disposition ?? (name === undefined ? undefined : 'inline'))
  return {
    ...(shown === undefined ? {} : { type: shown }),
    ...(how === undefined ? {} : { disposition: contentDisposition(how, name) }),
  }
}
