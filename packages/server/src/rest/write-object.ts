/** `POST` and `DELETE /storage/v1/object/{bucket}/{path}` */
import { checkContent, type PoolEvent } from '@rockpool/core/records'
import {
  buildRemoteKey,
  essence,
  MAX_CONTENT_SIZE,
  OCTET_STREAM,
  readMediaType,
  type RemoteKey,
  RockpoolError,
  type StoreId,
} from '@rockpool/protocol'
import { quotaMessage, type StoredFile } from '@rockpool/sync-server'
import type { SharedLock } from '../gc/key-locks.ts'
import { type Caller, requireBucket, requireUser, type User } from './caller.ts'
import { commit } from './commit.ts'
import { findFile, requireFile } from './file-at.ts'
import type { ObjectPlace } from './route.ts'
import type { RestServices } from './services.ts'
import { storeBody } from './store-body.ts'

export interface Written {
  readonly file: StoredFile
  /** false: the file was there, and got another version */
  readonly created: boolean
}

/**
 * Stores the body as the file at a path. Type, declared length and quota are checked before the body is read. The length of a
 * body that declares none is checked while it is read, before the object store is written.
 *
 * @throws RockpoolError `unauthenticated`, `forbidden`, `not_found` for an unknown bucket, `type_not_allowed`, `too_large`,
 *   `quota_exceeded`, `bad_request`; ObjectStoreError
 */
export const writeObject = async (
  services: RestServices,
  caller: Caller,
  place: ObjectPlace,
  request: Request,
): Promise<Written> => {
  const { storeBuckets, spool, keyLocks, logs, sync, signReceipt, now, onError } = services
  const { storeId } = caller
  const buckets = await storeBuckets.bucketsOf(storeId, place.bucket)
  const rules = requireBucket(buckets, place.bucket)
  const user = requireUser(caller, 'write')
  const declared = declaredType(request)
  if (essence(declared) === 'multipart/form-data') {
    throw new RockpoolError('bad_request', 'Send the bytes of the file as the body, with their type, not as a form.')
  }
  const wrong = checkContent({ type: declared, bucket: place.bucket, size: declaredLength(request) }, buckets)
  if (wrong) throw wrong

  const checkSize = (size: number) => requireQuota(services, user, storeId, size)
  await checkSize(declaredLength(request) ?? 0)

  const { signal } = request
  const owner = rules.access === 'owner' ? user.owner : undefined
  let lock: SharedLock | undefined
  try {
    const { key, size, type } = await storeBody(spool, chunksOf(request.body), {
      type: declared,
      maxSize: rules.maxSize ?? MAX_CONTENT_SIZE,
      checkSize,
      keyOf: async (address) => {
        const key = buildRemoteKey({ storeId, bucket: place.bucket, owner, address })
        lock = await keyLocks.acquireShared(key, signal)
        return key
      },
      signal,
    })

    const at = now()
    const receipt = await signReceipt?.(key, { size, at })
    const { readModel } = await logs.open(storeId)
    let before: StoredFile | undefined
    let id = ''
    await commit({ sync, storeId, token: user.token, signal }, async () => {
      before = await findFile(readModel, rules, place, user)
      id = before?.id ?? crypto.randomUUID()
      const content = { id, remoteKey: key, size, type, at }
      const change: PoolEvent = before
        ? { name: 'v2.FileContentReplaced', opId: crypto.randomUUID(), args: { ...content, basedOn: before.remoteKey } }
        : {
            name: 'v2.FileAdded',
            opId: crypto.randomUUID(),
            args: { ...content, name: nameOf(place), path: place.path, owner: user.owner, meta: {} },
          }
      return [change, stored(key, receipt)]
    })
    // The log names it by now.
    const held = lock
    lock = undefined
    await held?.release()
    return { file: requireFile(await readModel.file(id), place), created: before === undefined }
  } catch (error) {
    // Nothing names the content, or the upload is not acknowledged.
    await lock?.release().catch(onError)
    throw error
  }
}

/** Removes the file at a path, and returns it. Its bytes go by garbage collection, once no file names them. */
export const deleteObject = async (
  { storeBuckets, logs, sync, now }: RestServices,
  caller: Caller,
  place: ObjectPlace,
  signal: AbortSignal,
): Promise<StoredFile> => {
  const { storeId } = caller
  const rules = requireBucket(await storeBuckets.bucketsOf(storeId, place.bucket), place.bucket)
  const user = requireUser(caller, 'delete')
  const { readModel } = await logs.open(storeId)
  let file: StoredFile | undefined
  await commit({ sync, storeId, token: user.token, signal }, async () => {
    file = requireFile(await findFile(readModel, rules, place, user), place)
    return [{ name: 'v2.FileDeleted', opId: crypto.randomUUID(), args: { id: file.id, at: now() } }]
  })
  return file!
}

/** The gate checks it once more, with the events of others that come in between. @throws RockpoolError `quota_exceeded` */
const requireQuota = async (
  { fileLedger }: RestServices,
  { claims: { sub } }: User,
  storeId: StoreId,
  size: number,
): Promise<void> => {
  const usage = await fileLedger.check(storeId, sub, { files: 0, bytes: size })
  if (usage) throw new RockpoolError('quota_exceeded', quotaMessage(usage), { usage })
}

const nameOf = ({ path }: ObjectPlace): string => path.slice(path.lastIndexOf('/') + 1)

const stored = (remoteKey: RemoteKey, receipt: string | undefined): PoolEvent => ({
  name: 'v2.ContentStored',
  opId: crypto.randomUUID(),
  args: { remoteKey, ...(receipt !== undefined && { receipt }) },
})

/** The header as far as it can be read, else as it is: the check then says what is wrong. */
const declaredType = ({ headers }: Request): string => {
  const text = headers.get('content-type')
  return text === null ? OCTET_STREAM : (readMediaType(text) ?? text)
}

/** Bytes; undefined for a body that comes in chunks of unknown number. */
const declaredLength = ({ headers }: Request): number | undefined => {
  const text = headers.get('content-length')
  if (text === null) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new RockpoolError('bad_request', 'Content-Length has to be the number of bytes of the body.')
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void> {
  if (body) yield* body
}
