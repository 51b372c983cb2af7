/** Serves a request for a file URL from disk or from object storage. */
import type { ContentRow } from '@rockpool/core'
import { type RangeDownload, sizeMismatch } from '@rockpool/core/transfers'
import {
  addressOfKey,
  type ByteSpan,
  effectiveRange,
  type FileUrl,
  isNotModified,
  parseFileUrl,
  parseRemoteKey,
  type RemoteKey,
  RockpoolError,
} from '@rockpool/protocol'
import { isAllowedDestination, isReadSlowly } from './destinations.ts'
import type { Downloads } from './downloads.ts'
import { errorResponse, httpError } from './error-response.ts'
import { contentHeaders, type ServedContent, validatorsOf } from './headers.ts'
import type { KeepAlive } from './keep-alive.ts'
import { contentRange, partialRange, spanOf } from './range.ts'
import { GATE_BYTES, type Session, type Sessions } from './session-end.ts'
import type { Store, Stores } from './stores.ts'

export interface HandlerPorts {
  readonly stores: Stores
  readonly sessions: Sessions
  /** of the app; `/` when not given */
  readonly base?: string
  readonly downloads: Downloads
  readonly keepAlive: KeepAlive
}

/**
 * Answers a request below `/rockpool/`. Never rejects.
 *
 * @param extend as `ExtendableEvent.waitUntil`
 */
export const handleFileRequest = async (
  ports: HandlerPorts,
  request: Request,
  extend: (work: Promise<unknown>) => void,
): Promise<Response> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return httpError(405, 'bad_request', 'Files can only be read here. Use GET or HEAD.', { allow: 'GET, HEAD' })
  }
  if (!isAllowedDestination(request.destination)) {
    return httpError(403, 'forbidden', `A file is not served as "${request.destination}": it could run in this app.`)
  }
  const named = parseFileUrl(new URL(request.url), ports.base)
  if (!named) return httpError(404, 'not_found', 'This is no file URL. Take it from pool.url(file).')
  const storeId = named.kind === 'file' ? named.storeId : parseRemoteKey(named.remoteKey)!.storeId
  const waitUntil = (work: Promise<unknown>) => {
    extend(work)
    ports.keepAlive.during(work)
  }
  try {
    return await ports.stores.use(storeId, async (store) => {
      const session = ports.sessions.current(store)
      session.catch(() => {}) // awaited before anything is served
      const content = await contentOf(named, store)
      if (content) return await respond(ports, store, content, request, { session, waitUntil })
      await session
      return httpError(404, 'not_found', 'There is no such file, or it was removed.')
    })
  } catch (error) {
    return errorResponse(error)
  }
}

interface NamedContent extends ServedContent {
  readonly remoteKey: RemoteKey
  /** size by the file's record, in bytes; undefined when the URL names the content itself */
  readonly listedSize: number | undefined
}

const contentOf = async (named: FileUrl, store: Store): Promise<NamedContent | undefined> => {
  const { isDownload } = named
  if (named.kind === 'content') {
    const { remoteKey, name, type } = named
    return {
      remoteKey,
      address: addressOfKey(remoteKey),
      name,
      type,
      modifiedAt: undefined,
      immutable: true,
      isDownload,
      listedSize: undefined,
    }
  }
  const row = await store.index.get('files', named.fileId)
  if (!row) return undefined
  const { remoteKey, name, type, size, modifiedAt } = row
  // A record can name any key: only keys of this store are requested with this user's rights.
  if (parseRemoteKey(remoteKey)?.storeId !== store.storeId) {
    throw new RockpoolError('bad_key', 'The record of this file names the content of another store. Remove the file.')
  }
  const address = addressOfKey(remoteKey)
  return { remoteKey, address, name, type, modifiedAt, immutable: false, isDownload, listedSize: size }
}

/** Where the bytes of a response come from. `read` or `leave` is called, once. */
interface Source {
  readonly size: number
  read(span: ByteSpan): Blob | ReadableStream<Uint8Array<ArrayBuffer>>
  leave(): void
}

interface RequestLife {
  readonly session: Promise<Session>
  readonly waitUntil: (work: Promise<unknown>) => void
}

const respond = async (
  { downloads, keepAlive }: HandlerPorts,
  store: Store,
  content: NamedContent,
  request: Request,
  { session, waitUntil }: RequestLife,
): Promise<Response> => {
  const headers = contentHeaders(content, request.destination, Date.now())
  const validators = validatorsOf(content)
  if (isNotModified(request.headers, validators)) {
    await session
    return new Response(null, { status: 304, headers })
  }
  const rangeHeader = effectiveRange(request.headers, validators)
  const range = request.method === 'GET' ? partialRange(rangeHeader) : undefined
  // Side by side: each is a call to the browser's process, and the reader waits for its first byte.
  const [signedIn, disk, present] = await Promise.all([
    session,
    onDisk(store, content),
    range && store.blobs.parts(content.address),
  ])
  const whileSignedIn = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    keepAlive.body(stream, { signal: signedIn.ended, pass: signedIn.gate(), waitUntil })
  const { remoteKey, listedSize: size } = content
  const missed = { store, session: signedIn.row, ended: signedIn.ended, remoteKey, row: disk.row, waitUntil }
  if (range && present && !disk.blob) {
    const started = await downloads.range({ ...missed, present }, range, size)
    if (started) return rangeResponse({ ...started, stream: whileSignedIn(started.stream) }, headers)
  }
  const source = sourceOnDisk(disk) ?? (await downloads.join(missed))
  const { listedSize = source.size } = content
  if (listedSize !== source.size) {
    source.leave()
    throw sizeMismatch(listedSize, source.size)
  }
  if (request.method === 'HEAD') {
    source.leave()
    return new Response(null, { headers: { ...headers, 'content-length': String(source.size) } })
  }
  const span = spanOf(rangeHeader, source.size)
  if (span === 'unsatisfiable') {
    source.leave()
    return httpError(416, 'bad_request', `The file has ${source.size} bytes, none of that range.`, {
      'content-range': contentRange(span, source.size),
    })
  }
  const { start, end } = span === 'whole' ? { start: 0, end: source.size } : span
  const bytes = source.read({ start, end })
  const body = bytes instanceof Blob && !isReadAtOnce(bytes, request.destination) ? bytes.stream() : bytes
  return new Response(body instanceof Blob ? body : whileSignedIn(body), {
    status: span === 'whole' ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(end - start),
      ...(span === 'whole' ? {} : { 'content-range': contentRange(span, source.size) }),
    },
  })
}

/**
 * The largest file whose whole body the browser gets from disk in one piece: two to three times as fast as a stream of this worker, but no
 * sign-out ends it.
 */
const MAX_IN_ONE_PIECE = 256 * 1024 * 1024

const isReadAtOnce = ({ size }: Blob, destination: string): boolean =>
  size <= (isReadSlowly(destination) ? GATE_BYTES : MAX_IN_ONE_PIECE)

/** A range of content that is not on this disk. */
const rangeResponse = (
  { size, span, isVerified, stream }: RangeDownload,
  headers: Readonly<Record<string, string>>,
): Response =>
  new Response(stream, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(span.end - span.start),
      'content-range': contentRange(span, size),
      ...(isVerified ? {} : { 'rockpool-verified': 'no' }),
    },
  })

/** What the index lists of content, and the bytes that are on this disk, if all are. */
interface DiskContent {
  readonly row: ContentRow | undefined
  readonly blob: Blob | undefined
}

const onDisk = async (store: Store, { address }: NamedContent): Promise<DiskContent> => {
  const [row, blob] = await Promise.all([store.index.get('contents', address), store.blobs.open(address)])
  return { row, blob }
}

/**
 * Undefined for bytes of another length, or without a row in the index: they are not served. The download hashes them again, and
 * fetches damaged parts.
 */
const sourceOnDisk = ({ row, blob }: DiskContent): Source | undefined =>
  blob && blob.size === row?.size
    ? { size: blob.size, read: ({ start, end }) => blob.slice(start, end), leave: () => {} }
    : undefined
