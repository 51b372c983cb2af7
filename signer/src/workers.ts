/** The signer for Cloudflare Workers, on an S3 bucket. The bindings are the environment variables of the README. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import { openS3Store, type S3StoreOptions } from '@rockpool/object-store/s3'
import { isRockpoolError, type RemoteKey } from '@rockpool/protocol'
import { environmentOf, refuseUnknown, variable } from '@rockpool/access'
import type { Signer } from './app.ts'
import { readS3, readSignerConfig, type SignerConfig, SIGNER_VARIABLES } from './config.ts'
import { configuredSigner } from './configured-signer.ts'
import { errorResponse, httpError } from './errors.ts'
import { logHooks } from './log.ts'
import { hasContent } from './stored-content.ts'

/** Opening takes 17 requests to the S3 bucket (measured on Ceph), one after another. */
const OPEN_TIMEOUT_SECONDS = 10

export interface WorkerSigner {
  /** Serves one request; 503 with one sentence while a binding is wrong or the S3 bucket cannot be used. Never rejects. */
  readonly fetch: (request: Request, bindings: object) => Promise<Response>
  /**
   * Whether the S3 bucket has a content: for the check of claims by a sync server in the same Worker.
   *
   * @throws RockpoolError, ObjectStoreError while a binding is wrong or the S3 bucket cannot be used
   */
  readonly hasContent: (bindings: object, remoteKey: RemoteKey, signal: AbortSignal) => Promise<boolean>
}

/**
 * ```ts
 * import { makeWorkerSigner } from '@rockpool/signer/workers'
 * export default makeWorkerSigner()
 * ```
 */
export const makeWorkerSigner = (): WorkerSigner => {
  // Cached per isolate once it is open. Not the promise: a Worker must not await I/O of another request, which may be cancelled.
  let opened: OpenSigner | undefined
  const open = async (bindings: object) => (opened ??= await openSigner(bindings))
  return {
    fetch: async (request, bindings) => {
      let signer: Signer
      try {
        ;({ signer } = await open(bindings))
      } catch (error) {
        return notConfigured(error)
      }
      return signer.fetch(request, { address: request.headers.get('cf-connecting-ip') ?? '' })
    },
    hasContent: async (bindings, remoteKey, signal) => hasContent((await open(bindings)).store, remoteKey, signal),
  }
}

interface OpenSigner {
  readonly signer: Signer
  readonly store: ObjectStore
}

export default makeWorkerSigner()

const openSigner = async (bindings: object): Promise<OpenSigner> => {
  const config = readBindings(bindings)
  const timeout = AbortSignal.timeout(OPEN_TIMEOUT_SECONDS * 1000)
  const store = await openS3Store(config.s3, timeout).catch((error: unknown) => {
    if (!timeout.aborted) throw error
    throw httpError('storage_unavailable', `The S3 bucket did not respond within ${OPEN_TIMEOUT_SECONDS} s.`, {
      cause: error,
    })
  })
  const signer = configuredSigner(
    config,
    { store },
    logHooks((line) => console.log(line.trimEnd())),
  )
  return { signer, store }
}

interface WorkerConfig extends SignerConfig {
  readonly s3: S3StoreOptions
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never a secret's value */
export const readBindings = (bindings: object): WorkerConfig => {
  const env = environmentOf(bindings)
  refuseUnknown(env, new Set([...SIGNER_VARIABLES, 'ROCKPOOL_STORE']))
  if ((variable(env, 'ROCKPOOL_STORE') ?? 's3') !== 's3') {
    throw httpError('bad_request', 'ROCKPOOL_STORE: Workers have no disk. Set s3, or nothing.')
  }
  const s3 = readS3(env)
  if (s3.accessKey === undefined) {
    throw httpError('bad_request', 'ARTIFACT_ACCESS_KEY: set it and ARTIFACT_SECRET_KEY, since a Worker has no role.')
  }
  return { ...readSignerConfig(env), s3 }
}

const notConfigured = (error: unknown): Response => {
  const known = isRockpoolError(error) || isObjectStoreError(error)
  console.error('rockpool signer:', known ? error.message : error)
  const reason = known ? error.message : 'The log has the reason.'
  return errorResponse(httpError('storage_unavailable', `The signer did not start. ${reason}`))
}
