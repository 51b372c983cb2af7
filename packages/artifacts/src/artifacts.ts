/** The claim check: stages of a pipeline store their bytes here, and hand on references. */
import type { ArtifactKey } from '@rockpool/protocol'
import { storedAddress } from './address-of-stored.ts'
import { ArtifactError, isArtifactError } from './errors.ts'
import { DEFAULT_BUCKET, isHttpUrl } from './environment.ts'
import { getArtifact } from './get-artifact.ts'
import { artifactKey, type ArtifactLocation, tmpKey, type TmpLocation } from './keys.ts'
import { listArtifacts, type ListedArtifact } from './list-artifacts.ts'
import { putArtifact, type PutOptions } from './put-artifact.ts'
import { type ArtifactRef, keyOfUri, parseArtifactRef, uriOf } from './reference.ts'
import { type Removed, removeExpired, type RemoveExpiredOptions, removeRequest } from './remove-expired.ts'
import { type LogRecord, openLog, readLogs, type RequestLog } from './request-logs.ts'
import { type CallOptions, requestState, type RequestState } from './request-state.ts'
import { type Runtime, SYSTEM_RUNTIME } from './runtime.ts'
import type { ArtifactSource } from './source.ts'
import { s3Storage, type S3Settings } from './storage/s3-storage.ts'
import { serverStorage, type ServerSettings } from './storage/server-storage.ts'
import type { ArtifactStorage } from './storage/storage.ts'
import { typeOfName } from './type-of-name.ts'
import { createWindow } from './window.ts'

/** Where the artifacts are, and by which right. `readEnvironment` makes it. */
export type ArtifactsOptions = {
  /** the S3 bucket that references name, `fave-artifacts` unless set */
  readonly bucket?: string | undefined
} & (
  | { /** trusted: S3, with credentials of its own */ readonly s3: S3Settings }
  | {
      /** untrusted: through a Rockpool server, with a token that names the requests */ readonly server: ServerSettings
    }
)

/** Every method throws an {@link ArtifactError}: `forbidden`, `no_bucket`, `unavailable`, `aborted`, and what is said beside it. */
export interface Artifacts {
  /**
   * Stores an artifact, once. It is complete and durable when the promise resolves. Uses at most 64 MiB for what is under
   * way in all calls together, and 16 MiB for each call, whatever the sizes are.
   *
   * @throws `bad_key`, `already_exists` (with other bytes; the same ones are no error), `bad_argument`, `source_failed`,
   *   `too_large` (over 78 GiB)
   */
  put(location: ArtifactLocation, source: ArtifactSource, options?: PutOptions): Promise<ArtifactRef>

  /**
   * Reads an artifact. The response has its type and length. Its body errors with `digest_mismatch`, before its last part,
   * when the bytes are not those of the reference. Cancel the body when you do not read it to its end.
   *
   * @throws `bad_reference`, `other_bucket`, `not_found`, `digest_mismatch`
   */
  get(ref: ArtifactRef, options?: CallOptions): Promise<Response>

  /**
   * The reference of an artifact that exists, for example one that another client wrote. Reads the bytes when the store
   * does not know their address: those of other clients, and those over 8 MiB in S3.
   *
   * @param artifact where it is, or its `s3://` URI
   * @throws `bad_key`, `bad_reference`, `other_bucket`, `not_found`, `changed` (replaced while it was read),
   *   `too_large` (over 78 GiB)
   */
  resolve(artifact: ArtifactLocation | string, options?: CallOptions): Promise<ArtifactRef>

  /**
   * The artifacts of a request, or of one of its stages, ascending by key; one call for each 1,000. State, logs, and
   * keys outside the grammar are left out.
   *
   * @throws `bad_key`
   */
  list(requestId: string, stage?: string, options?: CallOptions): AsyncGenerator<ListedArtifact, void, undefined>

  /** `requests/<requestId>/metadata/state.json`. @throws `bad_key` */
  state(requestId: string): RequestState

  /** A log of a stage, one object for each flush. @throws `bad_key` */
  log(requestId: string, stage: string): RequestLog

  /** The records of all logs of a request, or of one stage. @throws `bad_key`, `malformed` */
  readLogs(requestId: string, stage?: string, options?: CallOptions): AsyncGenerator<LogRecord, void, undefined>

  readonly tmp: {
    /** As `put`, in `tmp/builds/` or `tmp/scratch/`: kept for 7 days. With own credentials only. */
    put(location: TmpLocation, source: ArtifactSource, options?: PutOptions): Promise<ArtifactRef>
  }

  /**
   * Removes a request with its state and logs. Resolves with the number of objects. On a server it needs the right
   * `delete`.
   *
   * @throws `bad_key`
   */
  removeRequest(requestId: string, options?: CallOptions): Promise<number>

  /**
   * Removes what is in `tmp/` for 7 days and, when asked to, requests by age. With own credentials only; run it daily.
   *
   * @throws `bad_argument`
   */
  removeExpired(options?: RemoveExpiredOptions): Promise<Removed>
}

/** Parts under way at once in all uploads, and read ahead in all downloads: 64 MiB each. */
const PARTS_IN_FLIGHT = 8

/**
 * A client. Opens nothing and keeps no connection of its own, so it needs no end.
 *
 * @throws ArtifactError `bad_settings`
 */
export const createArtifacts = (options: ArtifactsOptions, runtime: Runtime = SYSTEM_RUNTIME): Artifacts => {
  const { bucket = DEFAULT_BUCKET } = options
  const url = 's3' in options ? options.s3.endpoint : options.server.url
  if (url !== undefined && !isHttpUrl(url)) {
    throw new ArtifactError(
      'bad_settings',
      'The endpoint is no URL without user and query. Pass one such as https://s3.example.',
    )
  }
  const storage = 's3' in options ? s3Storage(options.s3, bucket, runtime) : serverStorage(options.server, runtime)
  return artifactsIn(storage, bucket, runtime)
}

const artifactsIn = (storage: ArtifactStorage, bucket: string, runtime: Runtime): Artifacts => {
  const [uploads, downloads] = [createWindow(PARTS_IN_FLIGHT), createWindow(PARTS_IN_FLIGHT)]

  const put = async (key: ArtifactKey, source: ArtifactSource, options: PutOptions = {}): Promise<ArtifactRef> => {
    const { type = typeOfName(key) } = options
    const content = await putArtifact(storage, uploads, key, source, { ...options, type })
    return { uri: uriOf(bucket, key), key, ...content }
  }

  return {
    put: async (location, source, options) => put(artifactKey(location), source, options),

    get: async (value, { signal } = {}) => {
      const ref = parseArtifactRef(value)
      keyOfUri(bucket, ref.uri)
      const body = await getArtifact(storage, downloads, ref, signal).catch(nameMissing(ref.uri))
      return new Response(body, { headers: { 'content-type': ref.type, 'content-length': String(ref.size) } })
    },

    resolve: async (artifact, { signal } = {}) => {
      const key = typeof artifact === 'string' ? keyOfUri(bucket, artifact) : artifactKey(artifact)
      const stored = await storage.head(key, signal).catch(nameMissing(uriOf(bucket, key)))
      const address = await storedAddress(storage, key, stored, signal)
      return { uri: uriOf(bucket, key), key, size: stored.size, type: stored.type, address }
    },

    list: (requestId, stage, { signal } = {}) => listArtifacts(storage, bucket, requestId, stage, signal),

    state: (requestId) => requestState(storage, requestId),

    log: (requestId, stage) => openLog(storage, runtime, requestId, stage),

    readLogs: (requestId, stage, options) => readLogs(storage, requestId, stage, options),

    tmp: { put: async (location, source, options) => put(tmpKey(location), source, options) },

    removeRequest: async (requestId, { signal } = {}) => removeRequest(storage, requestId, signal),

    removeExpired: (options = {}) => removeExpired(storage, runtime.now(), options),
  }
}

/** The storage says that something is missing, and not what. */
const nameMissing =
  (uri: string) =>
  (cause: unknown): never => {
    if (!isArtifactError(cause, 'not_found')) throw cause
    const message = `${uri} does not exist. It was never written, or was removed by age; run the stage that writes it again.`
    throw new ArtifactError('not_found', message, { cause })
  }
