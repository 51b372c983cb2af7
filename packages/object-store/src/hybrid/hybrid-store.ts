/** A folder as object store, replicated to S3: the folder for latency, S3 for durability. */
import { join } from 'node:path'
import type { ContentAddress } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import { orDiscard } from '../exact-body.ts'
import { asStoreError } from '../local/disk-errors.ts'
import { type LocalStore, type LocalStoreOptions, openLocalStore } from '../local/index.ts'
import { sanitizeKey, sanitizePrefix } from '../object-key.ts'
import type { ListedObject, ObjectBody, ObjectInfo, ObjectStore, PutOptions } from '../object-store.ts'
import { ReplicationState, type RemoteObject } from './replication-state.ts'
import { type Replica, type ReplicationFailure, Replicator } from './replicator.ts'

export interface HybridStoreOptions extends LocalStoreOptions {
  /** opens the S3 side; retried while it fails */
  readonly connect: (signal: AbortSignal) => Promise<Replica>
  /** bytes of replicated objects to keep in the folder; no limit when not given. Objects that S3 lacks are never evicted */
  readonly cacheSize?: number
  /** jitter of the retries, 0 to 1 */
  readonly random?: () => number
  /** receives each failed attempt to replicate an object to S3, or to fetch one from it */
  readonly onFailure?: (failure: ReplicationFailure) => void
}

export interface HybridStore extends ObjectStore {
  readonly mode: 'hybrid'
  /** the folder alone, for reads: writes to it are not replicated */
  readonly folder: LocalStore
  /** The S3 side alone. @throws ObjectStoreError `unavailable` and others, while S3 cannot be used */
  replica(signal?: AbortSignal): Promise<ObjectStore>
  /**
   * Replaces the folder's copy of an object by that of S3.
   *
   * @throws ObjectStoreError `not_found` when S3 has none, `digest_mismatch` when it is damaged, too: the copy stays
   */
  refetch(key: string, signal?: AbortSignal): Promise<void>
}

/** The last use of an object is recorded at most once a minute. */
const USE_MS = 60_000

/** How long a probe waits for S3. */
const PROBE_MS = 3000

/** Opens the folder; S3 may be down. @throws ObjectStoreError `locked`, `misconfigured`, `unavailable` (the folder) */
export const openHybridStore = async (options: HybridStoreOptions): Promise<HybridStore> => {
  const { connect, cacheSize = Number.POSITIVE_INFINITY, random = Math.random, onFailure = () => {} } = options
  let opened: ReplicationState | undefined
  const local = await openLocalStore({ ...options, onGeneration: (generation) => opened?.setGeneration(generation) })
  try {
    opened = openState(join(options.directory, 'hybrid.sqlite'), local)
  } catch (error) {
    await local.close()
    throw asStoreError(error)
  }
  const state = opened
  const replicator = new Replicator({ local, state, connect, cacheSize, random, onFailure })

  const notFound = () => new ObjectStoreError('not_found', 'There is no object of this key.')

  const isDurable = (key: string): boolean => state.pending(key) === undefined && state.remote(key) !== undefined

  /** What is known about an object that the folder lacks; undefined: ask S3. */
  const lookUp = (key: string): RemoteObject | undefined => {
    if (state.pending(key)?.operation === 'delete') throw notFound()
    const known = state.remote(key)
    if (!known && state.compared) throw notFound()
    return known
  }

  /** Runs `here` on the folder, or `elsewhere` when the folder lacks the object. */
  const hereOr = async <A>(here: () => Promise<A>, elsewhere: () => Promise<A>): Promise<A> => {
    try {
      return await here()
    } catch (error) {
      if (!isObjectStoreError(error, 'not_found')) throw error
      return elsewhere()
    }
  }

  /** Records what only speeds up later calls: a full disk must not fail a read. */
  const note = (write: () => void): void => {
    try {
      write()
    } catch {
      // Folder and S3 agree again.
    }
  }

  const onS3 = async <A>(
    key: string,
    signal: AbortSignal | undefined,
    ask: (s3: ObjectStore) => Promise<A>,
  ): Promise<A> => {
    const s3 = await replicator.remote(signal)
    try {
      return await ask(s3)
    } catch (error) {
      if (isObjectStoreError(error, 'not_found')) note(() => state.forget(key))
      throw error
    }
  }

  const head: ObjectStore['head'] = async (rawKey, call = {}) => {
    const key = sanitizeKey(rawKey)
    return hereOr(
      async () => ({ ...(await local.head(key, call)), durable: isDurable(key) }),
      async () => {
        const known = lookUp(key)
        // Checked now: a device may evict its copy because of this response. While S3 is down, it keeps its copy.
        const info = await onS3(key, call.signal, (s3) => s3.head(key, call)).catch((error: unknown) => {
          if (!isUnreachable(error) || known?.type == null) throw error
          return { ...toInfo(known, known.type), durable: false }
        })
        if (!info.durable) return info
        if (known && known.type !== null) return toInfo(known, known.type)
        note(() => state.setRemote({ ...info, address: info.address ?? null, lastUsed: null }))
        return info
      },
    )
  }

  const exists: ObjectStore['exists'] = async (rawKey, call = {}) => {
    const key = sanitizeKey(rawKey)
    if (await local.exists(key, call)) return true
    try {
      return lookUp(key) !== undefined || (await onS3(key, call.signal, (s3) => s3.exists(key, call)))
    } catch (error) {
      if (isObjectStoreError(error, 'not_found')) return false
      throw error
    }
  }

  /** For write-once: whether S3 has an object that the folder lacks. A write succeeds while S3 is down. */
  const onlyS3Has = async (key: string, signal: AbortSignal | undefined): Promise<boolean> =>
    exists(key, signal ? { signal } : {}).catch((error: unknown) => {
      if (isUnreachable(error)) return false
      throw error
    })

  /** Stores in the folder. `ifMatch` holds for the object that only S3 has, too. */
  const putHere = async (key: string, body: ObjectBody, put: PutOptions): ReturnType<LocalStore['put']> => {
    if (put.ifMatch === undefined || (await local.exists(key, put))) return local.put(key, body, put)
    const there = await head(key, put).catch((error: unknown) => {
      if (!isObjectStoreError(error, 'not_found')) throw error
    })
    const { ifMatch, ...rest } = put
    const requireAllowed = () => {
      const isDeleted = state.pending(key)?.operation === 'delete'
      check.checkPrecondition({ ifMatch }, isDeleted ? undefined : there?.etag)
    }
    requireAllowed()
    // Of several writers, only the first finds the folder without an object.
    return local.put(key, body, { ...rest, ifNoneMatch: '*', requireAllowed })
  }

  let closing: Promise<void> | undefined
  const close = async () => {
    await replicator.close()
    await local.close()
    state.close()
  }

  const store: HybridStore = {
    mode: 'hybrid',
    integrity: local.integrity,
    folder: local,
    replica: (signal) => replicator.remote(signal),
    refetch: (key, signal) => replicator.refetch(sanitizeKey(key), signal),
    head,
    exists,

    put: (rawKey, body, put) =>
      orDiscard(
        body,
        (async () => {
          const key = sanitizeKey(rawKey)
          check.checkSize(put.size)
          if (put.ifNoneMatch === '*' && (await onlyS3Has(key, put.signal))) {
            throw new ObjectStoreError('precondition_failed', 'There is an object of this key already.')
          }
          const { etag } = await replicator.change(key, 'put', put.size, () => putHere(key, body, put))
          return { etag, durable: false }
        })(),
      ),

    get: async (rawKey, get = {}) => {
      const key = sanitizeKey(rawKey)
      return hereOr(
        async () => {
          const read = await local.get(key, get)
          const known = state.remote(key)
          const now = Date.now()
          if (known && (known.lastUsed ?? 0) < now - USE_MS) note(() => state.used(key, now))
          return { ...read, info: { ...read.info, durable: isDurable(key) } }
        },
        async () => {
          const known = lookUp(key)
          if (known && known.lastUsed !== null) note(() => state.used(key, null))
          const read = await onS3(key, get.signal, (s3) => s3.get(key, get))
          void replicator.fill(key, read.info.size)
          return { ...read, info: known && known.type !== null ? toInfo(known, known.type) : read.info }
        },
      )
    },

    delete: async (rawKey, { before, ...call } = {}) => {
      const key = sanitizeKey(rawKey)
      // The folder gets no deadline: it would refuse a delete that is recorded already, and that would still reach S3.
      await replicator.change(
        key,
        'delete',
        0,
        () => local.delete(key, call),
        () => check.checkInTime(before),
      )
    },

    list: async (rawPrefix, { cursor = '', limit = check.MAX_PAGE, signal } = {}) => {
      const prefix = sanitizePrefix(rawPrefix)
      check.checkLimit(limit)
      await replicator.compared(signal)
      const here = await local.list(prefix, {
        limit,
        ...(cursor === '' ? {} : { cursor }),
        ...(signal ? { signal } : {}),
      })
      const there = state.remotesFrom(prefix, cursor, limit + 1).filter(({ key }) => key.startsWith(prefix))
      const objects = merge(here.objects, there)
      const page = objects.slice(0, limit)
      const more = objects.length > limit || here.cursor !== undefined
      return { objects: page, ...(more && page.length > 0 ? { cursor: page.at(-1)!.key } : {}) }
    },

    copy: async (rawFrom, rawTo, call = {}) => {
      const [from, to] = [sanitizeKey(rawFrom), sanitizeKey(rawTo)]
      const { size } = await head(from, call)
      await hereOr(
        () => replicator.change(to, 'put', size, () => local.copy(from, to, call)),
        async () => {
          const { info, body } = await store.get(from, call)
          await replicator.change(to, 'put', size, () => local.put(to, body, { size, type: info.type, ...call }))
        },
      )
    },

    signPut: (request) => local.signPut(request),
    signGet: (request) => local.signGet(request),

    multipart: {
      ...local.multipart,
      complete: async (rawKey, uploadId, parts, call = {}) => {
        const key = sanitizeKey(rawKey)
        // A write that will be refused must not be recorded as pending: the existing object stays durable.
        await local.multipart.listParts(key, uploadId, call)
        const size = parts.reduce((sum, part) => sum + part.size, 0)
        const { etag } = await replicator.change(key, 'put', size, () =>
          local.multipart.complete(key, uploadId, parts, call),
        )
        return { etag, durable: false }
      },
    },

    checkHealth: async (call = {}) => {
      const health = await local.checkHealth(call)
      const { pending, failing } = state.counts()
      const error =
        (await probe(replicator)) ?? (failing > 0 ? (replicator.error?.message ?? 'trying again') : undefined)
      return {
        ...health,
        mode: 'hybrid',
        pending,
        ...(error === undefined
          ? {}
          : { degraded: true, error: health.error ?? `Replication to S3 is failing: ${error}` }),
      }
    },

    close: () => (closing ??= close()),
  }
  replicator.start()
  return store
}

/** Opens the replication state. A state older than the folder, after a partial restore, lacks later writes. */
const openState = (path: string, { generations }: LocalStore): ReplicationState => {
  const state = new ReplicationState(path)
  if ((state.generation ?? generations.former) < generations.former) state.clearCompared()
  state.setGeneration(generations.current)
  return state
}

const isUnreachable = (error: unknown): boolean => isObjectStoreError(error, 'unavailable', 'denied', 'misconfigured')

/** Why S3 cannot be used now, if so. */
const probe = async (replicator: Replicator): Promise<string | undefined> => {
  const signal = AbortSignal.timeout(PROBE_MS)
  try {
    const health = await (await replicator.remote(signal)).checkHealth({ signal })
    return signal.aborted ? 'It does not respond.' : health.error
  } catch (error) {
    return (error as Error).message
  }
}

const toInfo = ({ key, size, etag, modifiedAt, address }: RemoteObject, type: string): ObjectInfo => ({
  key,
  size,
  type,
  etag,
  modifiedAt,
  ...(address === null ? {} : { address: address as ContentAddress }),
  durable: true,
})

/** Merges two lists sorted by UTF-8 bytes, without duplicates. */
const merge = (here: readonly ListedObject[], there: readonly RemoteObject[]): ListedObject[] => {
  const byKey = new Map<string, ListedObject>()
  for (const { key, size, modifiedAt, etag } of [...there, ...here]) byKey.set(key, { key, size, modifiedAt, etag })
  return [...byKey.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
}
