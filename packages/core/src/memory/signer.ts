import {
  aborted,
  addressOfDigests,
  addressOfKey,
  addressParts,
  BATCH_LIMIT,
  type BatchItem,
  type Buckets,
  type ContentAddress,
  DEFAULT_BUCKETS,
  digestOfPart,
  formatReceipt,
  fromBase64,
  fromHex,
  type Hashing,
  isRockpoolError,
  parseRemoteKey,
  partRange,
  partsKey,
  type RemoteKey,
  type Right,
  RockpoolError,
  safeType,
  type Stored,
  type TokenClaims,
  typeAllowed,
  type UploadUrl,
  type UploadUrlRequest,
  type WireErrorCode,
} from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import { Either, ParseResult, type Schema } from 'effect'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web-platform.ts'
import type { Signer } from '../ports/signer.ts'
import {
  etagOf,
  type MemoryObject,
  type MemoryObjectFaults,
  type MemorySignedObjects,
  memorySignedObjects,
  presentation,
} from './signed-objects.ts'

export interface MemorySignerOptions {
  /** `files` with access `store` when not given */
  readonly buckets?: Buckets
  /** what the caller may do; all in every store when not given */
  readonly stores?: TokenClaims['stores']
  /** single PUTs are confirmed by the client, which `confirmed` tells of */
  readonly confirmUploads?: boolean
  /** answers that say "stored" have a receipt, and single PUTs are confirmed; `true` unless set */
  readonly receipts?: boolean
  /** the page's own when not given */
  readonly platform?: Pick<Platform, 'clock' | 'newId' | 'hashing'>
}

/** What goes wrong; may be set while transfers run. */
export interface MemorySignerFaults extends MemoryObjectFaults {
  /** every call of the signer is refused with this code */
  refuse: WireErrorCode | undefined
}

export interface MemorySigner {
  readonly signer: Signer
  /** reaches the signed URLs */
  readonly fetch: typeof fetch
  /** what the object store has, by remote key, and digest lists by `<remoteKey>.parts`. Delete one to lose it */
  readonly objects: Map<string, MemoryObject>
  /** multipart uploads that were begun, by id. Delete one to have it discarded */
  readonly uploads: MemorySignedObjects['uploads']
  /** contents whose single PUT a client has confirmed, each time */
  readonly confirmed: readonly RemoteKey[]
  readonly faults: MemorySignerFaults
}

const URL_LIFETIME_MS = 60_000

const UNSIGNED_MAC = 'A'.repeat(43)

/** A Signer and its object store in memory. Enforces what the signer contract says, so that transfers can be tested. */
export const memorySigner = (options: MemorySignerOptions = {}): MemorySigner => {
  const { buckets = DEFAULT_BUCKETS, stores, receipts = true, platform = webPlatform } = options
  const { clock, hashing } = platform
  const { partSize } = hashing
  const requests = schema.requestSchemas(hashing)
  const { confirmUploads = receipts } = options
  const faults: MemorySignerFaults = {
    offline: false,
    refuse: undefined,
    status: undefined,
    stall: undefined,
    tamper: undefined,
  }
  const { objects, uploads, sign, fetch } = memorySignedObjects(faults, platform)
  const confirmed: RemoteKey[] = []
  let uploadIds = 0

  const reach = (signal: AbortSignal | undefined): void => {
    if (signal?.aborted) throw aborted(signal)
    if (faults.offline)
      throw error('offline', 'The signer cannot be reached. It is tried again when the network is back.')
    if (faults.refuse !== undefined) throw error(faults.refuse, 'The signer was told to refuse.')
  }

  const permit = (right: Right, key: RemoteKey, size?: number, type?: string): void => {
    const { storeId, bucket, owner } = parseRemoteKey(key)!
    const rules = bucket === undefined ? undefined : buckets[bucket]
    const known =
      bucket === undefined ? right === 'read' : rules && (rules.access === 'owner') === (owner !== undefined)
    if (!known) throw error('bad_key', 'There is no such bucket, or its keys have another shape.')
    if (stores && !stores[storeId]?.includes(right)) throw error('forbidden', `You may not ${right} in this store.`)
    if (size !== undefined && size > (rules?.maxSize ?? Number.POSITIVE_INFINITY)) {
      throw error('too_large', 'The bucket takes smaller files only.')
    }
    if (type !== undefined && !typeAllowed(type, rules?.types)) {
      throw error('type_not_allowed', 'The bucket takes other types only.')
    }
  }

  let seenAt = 0
  /** Of its form, but signed by nobody: there is no sync server here that would verify it. Each is newer than the last. */
  const receiptOf = (key: RemoteKey): { readonly receipt?: string } => {
    if (!receipts) return {}
    seenAt = Math.max(seenAt + 1, clock.now())
    return { receipt: formatReceipt({ size: objects.get(key)!.bytes.size, at: seenAt }, UNSIGNED_MAC) }
  }

  const stored = (key: RemoteKey): Stored | undefined =>
    objects.has(key) ? { status: 'stored', durable: true, etag: etagOf(key), ...receiptOf(key) } : undefined

  const uploadOf = (key: RemoteKey, uploadId: string | undefined) => {
    const upload = uploadId === undefined ? undefined : uploads.get(uploadId)
    return upload?.key === key ? upload : undefined
  }

  const uploadUrl = (request: UploadUrlRequest): UploadUrl => {
    const { key, size, type: declared, sent } = read(requests.UploadUrlRequest, request)
    permit('write', key, size, declared)
    const there = stored(key)
    if (there && sent) confirmed.push(key)
    if (there) return there
    const type = safeType(declared)
    const expiresAt = clock.now() + URL_LIFETIME_MS
    const url = sign({ method: 'PUT', key, size, type, sha256: fromHex(addressOfKey(key)) }, expiresAt)
    const headers = { 'content-type': type, 'if-none-match': '*' }
    return { status: 'put', url, headers, expiresAt, ...(confirmUploads && { confirm: true }) }
  }

  return {
    fetch,
    objects,
    uploads,
    confirmed,
    faults,
    signer: {
      async downloadUrl(request, signal) {
        reach(signal)
        const { key, type, disposition, name, expiresIn = 60, check } = read(schema.DownloadUrlRequest, request)
        permit('read', key)
        const whole = addressParts(addressOfKey(key)) === 1 ? [key] : [key, partsKey(key)]
        if (check && !whole.every((name) => objects.has(name)))
          throw error('not_found', 'The object store does not have this content.')
        const expiresAt = clock.now() + expiresIn * 1_000
        const url = sign({ method: 'GET', key, ...presentation(type, disposition, name) }, expiresAt)
        const receipt = check ? receiptOf(key) : {}
        if (whole.length === 1) return { url, expiresAt, ...receipt }
        return { url, partsUrl: sign({ method: 'GET', key: partsKey(key) }, expiresAt), expiresAt, ...receipt }
      },

      async uploadUrl(request, signal) {
        reach(signal)
        return uploadUrl(request)
      },

      async uploadUrls({ items }, signal) {
        reach(signal)
        if (items.length > BATCH_LIMIT) throw error('bad_request', `A batch has at most ${BATCH_LIMIT} items.`)
        return { items: items.map(orWireError(uploadUrl)) }
      },

      async startMultipart(request, signal) {
        reach(signal)
        const { key, size, type, digests, uploadId } = read(requests.MultipartRequest, request)
        permit('write', key, size, type)
        await proven(addressOfKey(key), digests, hashing)
        const there = stored(key)
        if (there) return there
        const upload = uploadOf(key, uploadId)
        if (uploadId !== undefined && upload) {
          return { uploadId, partSize, uploaded: [...upload.parts.keys()].toSorted((a, b) => a - b) }
        }
        const started = `upload-${++uploadIds}`
        uploads.set(started, { key, type: safeType(type), parts: new Map() })
        return { uploadId: started, partSize, uploaded: [] }
      },

      async signParts(request, signal) {
        reach(signal)
        const { key, size, uploadId, numbers } = read(requests.MultipartPartsRequest, request)
        permit('write', key, size)
        const list = await proven(addressOfKey(key), request.digests, hashing)
        const expiresAt = clock.now() + URL_LIFETIME_MS
        const parts = numbers.map((number) => {
          const { start, end } = partRange(size, number, hashing)
          const sha256 = digestOfPart(list, number)
          const url = sign({ method: 'PUT', key, size: end - start, sha256, uploadId, number }, expiresAt)
          return { number, url, headers: {} }
        })
        return { parts, expiresAt }
      },

      async completeMultipart(request, signal) {
        reach(signal)
        const { key, size, uploadId, digests } = read(requests.MultipartCompleteRequest, request)
        permit('write', key, size)
        const list = await proven(addressOfKey(key), digests, hashing)
        const upload = uploadOf(key, uploadId)
        if (!upload) {
          const there = stored(key)
          if (!there) throw error('not_found', 'There is no such upload. Start again.')
          const { status: _, ...content } = there
          return content
        }
        const numbers = Array.from({ length: addressParts(addressOfKey(key)) }, (_, i) => i + 1)
        const missing = numbers.filter((number) => !upload.parts.has(number))
        if (missing.length > 0) throw error('conflict', `Send these parts, then complete again: ${missing.join(', ')}.`)
        const bytes = new Blob(numbers.map((number) => upload.parts.get(number)!))
        objects.set(partsKey(key), { bytes: new Blob([list]), type: safeType('') })
        objects.set(key, { bytes, type: upload.type })
        uploads.delete(uploadId)
        return { durable: true, etag: etagOf(key), ...receiptOf(key) }
      },

      async abortMultipart(request, signal) {
        reach(signal)
        const { key, uploadId } = read(schema.MultipartAbortRequest, request)
        permit('write', key)
        if (uploadOf(key, uploadId)) uploads.delete(uploadId)
      },
    },
  }
}

/** The answer for an item of a batch: what `answer` returns, or the error that it throws. */
const orWireError =
  <Item, A>(answer: (item: Item) => A) =>
  (item: Item): BatchItem<A> => {
    try {
      return answer(item)
    } catch (cause) {
      if (!isRockpoolError(cause)) throw cause
      return { error: { code: cause.code as WireErrorCode, message: cause.message } }
    }
  }

const read = <A, I>(schema: Schema.Schema<A, I>, request: unknown): A => {
  const result = ParseResult.decodeUnknownEither(schema)(request)
  if (Either.isRight(result)) return result.right
  const [issue] = ParseResult.ArrayFormatter.formatIssueSync(result.left)
  const { key } = request as { readonly key?: string }
  const badKey = issue?.path[0] === 'key' && parseRemoteKey(key ?? '') === undefined
  throw error(badKey ? 'bad_key' : 'bad_request', `${issue?.path.join('.')}: ${issue?.message}`)
}

/** The digest list, if it hashes to the address. */
const proven = async (address: ContentAddress, base64: string, hashing: Hashing): Promise<Uint8Array<ArrayBuffer>> => {
  const digests = fromBase64(base64)
  if (!digests || (await addressOfDigests(digests, hashing)) !== address) {
    throw error('digest_mismatch', 'The digests do not hash to the address. Hash the content again.')
  }
  return digests
}

const error = (code: WireErrorCode | 'offline', message: string): RockpoolError => new RockpoolError(code, message)
