/** Replicates the folder to S3 in the background, and evicts replicated objects above the folder's size limit. */
import { backoffMs } from '@rockpool/protocol'
import type { LocalStore } from '../local/index.ts'
import { asStoreError } from '../local/disk-errors.ts'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import { throwIfAborted } from '../exact-body.ts'
import { listAll } from '../list-all.ts'
import { BUCKET_ID_KEY } from '../object-key.ts'
import type { ObjectStore } from '../object-store.ts'
import { transferObject } from '../transfer-object.ts'
import type { ReplicationState, PendingChange, RemoteObject } from './replication-state.ts'
import { isImmutable } from './immutable.ts'
import { isFetchCurrent } from './is-fetch-current.ts'

/** Parallel uploads to S3, and parallel fetches from it. Each takes up to 40 MiB of memory. */
const PARALLEL = 4

/** An attempt that failed, for the operator's log. It is repeated until it succeeds. */
export interface ReplicationFailure {
  /** the object that could not be replicated; undefined: S3 as a whole is unavailable */
  readonly key?: string
  readonly error: Error
  /** unix ms of the next attempt */
  readonly retryAt: number
}

/** The S3 side. */
export interface Replica extends ObjectStore {
  /** identity of the S3 bucket; not checked when not given */
  bucketId?(signal: AbortSignal): Promise<string>
}

export interface ReplicatorOptions {
  readonly local: LocalStore
  readonly state: ReplicationState
  readonly connect: (signal: AbortSignal) => Promise<Replica>
  /** bytes to keep here; objects that S3 lacks are kept even above it */
  readonly cacheSize: number
  readonly random: () => number
  readonly onFailure: (failure: ReplicationFailure) => void
}

export class Replicator {
  readonly #options: ReplicatorOptions
  readonly #closing = new AbortController()
  /** writers under way, by key: their change cannot be replicated yet */
  readonly #writing = new Map<string, number>()
  /** uploads and deletes under way, by key */
  readonly #sending = new Map<string, Promise<void>>()
  readonly #evicting = new Map<string, Promise<void>>()
  readonly #filling = new Map<string, Promise<void>>()
  /** why an object could not be replicated, by key, until it is */
  readonly #failedObjects = new Map<string, Error>()
  #remote: ObjectStore | undefined
  #connecting: Promise<ObjectStore> | undefined
  /** consecutive failures of S3 as a whole */
  #failures = 0
  #retryAt = 0
  #error: Error | undefined
  #wake = Promise.withResolvers<void>()
  #endSleep = (): void => {}
  #compared = Promise.withResolvers<void>()
  #running: Promise<void> | undefined

  constructor(options: ReplicatorOptions) {
    this.#options = options
    // A rejection without a waiting caller must not be unhandled.
    this.#compared.promise.catch(() => {})
    if (options.state.compared) this.#compared.resolve()
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Why something is not replicated at the moment. */
  get error(): Error | undefined {
    return this.#error ?? this.#failedObjects.values().next().value
  }

  /** S3, connected. @throws ObjectStoreError `unavailable` and others; immediately during the retry delay */
  async remote(signal?: AbortSignal): Promise<ObjectStore> {
    throwIfAborted(signal)
    if (this.#closing.signal.aborted) throw closed()
    if (this.#remote) return this.#remote
    if (Date.now() < this.#retryAt && this.#error) throw this.#error
    this.#connecting ??= this.#connect()
      .then(
        (remote) => {
          this.#succeeded()
          return (this.#remote = remote)
        },
        (error: Error) => {
          // Aborted by `close` only, not by one of several waiting callers.
          if (this.#closing.signal.aborted) throw closed()
          this.#failed(error)
          throw error
        },
      )
      .finally(() => (this.#connecting = undefined))
    return this.#connecting
  }

  /** @throws ObjectStoreError `misconfigured` for another S3 bucket than before: it would lack replicated objects */
  async #connect(): Promise<ObjectStore> {
    const { state, connect } = this.#options
    const { signal } = this.#closing
    const remote = await connect(signal)
    try {
      const id = await remote.bucketId?.(signal)
      if (id === undefined || id === state.bucketId) return remote
      if (state.bucketId !== undefined) throw otherBucket()
      state.setBucketId(id)
      return remote
    } catch (error) {
      await remote.close()
      throw error
    }
  }

  /** Waits for the comparison with S3. @throws ObjectStoreError `unavailable` and others, while S3 cannot be listed */
  async compared(signal?: AbortSignal): Promise<void> {
    if (this.#options.state.compared) return
    await this.remote(signal)
    if (this.#failures > 0 && this.#error) throw this.#error
    await this.#compared.promise
  }

  /**
   * Runs a write to the local store, and replicates it. The pending change is on disk first: a kill cannot lose it.
   *
   * @param requireAllowed throws when the change may not be made any more; runs after all waiting, right before it is recorded
   */
  async change<A>(
    key: string,
    operation: PendingChange['operation'],
    size: number,
    write: () => Promise<A>,
    requireAllowed = (): void => {},
  ): Promise<A> {
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1)
    try {
      await this.#evicting.get(key)
      requireAllowed()
      this.#options.state.mark(key, operation, size)
      return await write()
    } catch (error) {
      throw asStoreError(error)
    } finally {
      const writers = this.#writing.get(key)! - 1
      if (writers > 0) this.#writing.set(key, writers)
      else this.#writing.delete(key)
      this.#wake.resolve()
    }
  }

  /** Fetches an object from S3 in the background, a few at a time; others are fetched when they are read again. */
  fill(key: string, size: number): Promise<void> | undefined {
    if (!isImmutable(key) || size > this.#options.cacheSize || this.#closing.signal.aborted) return undefined
    let filling = this.#filling.get(key)
    if (!filling) {
      if (this.#filling.size >= PARALLEL) return undefined
      // Written or deleted during the read: the folder decides.
      if (this.#options.state.pending(key)) return undefined
      // The reader gets the bytes from S3. After a failure the next reader does, too.
      filling = this.#fill(key)
        .catch((error: Error) => {
          if (!this.#closing.signal.aborted) this.#options.onFailure({ key, error, retryAt: Date.now() })
        })
        .finally(() => {
          this.#filling.delete(key)
          this.#wake.resolve()
        })
      this.#filling.set(key, filling)
    }
    return filling
  }

  /** Replaces the folder's copy of an object by that of S3. @throws ObjectStoreError `not_found`, `digest_mismatch` */
  async refetch(key: string, signal?: AbortSignal): Promise<void> {
    if (!isImmutable(key)) throw new ObjectStoreError('not_found', 'S3 may have another version of this object.')
    await this.#filling.get(key)
    const { state } = this.#options
    const info = await (await this.remote(signal)).head(key, signal ? { signal } : {})
    if (!state.remote(key)) state.setRemote({ ...info, address: info.address ?? null, lastUsed: null })
    // A change whose replication ends during the fetch would count as a newer one.
    await this.#sending.get(key)
    if (state.pending(key)?.operation === 'delete') throw new ObjectStoreError('not_found', 'The object was deleted.')
    const refetching = this.#fill(key, signal)
    this.#filling.set(
      key,
      refetching.catch(() => {}),
    )
    try {
      await refetching
    } finally {
      this.#filling.delete(key)
      this.#wake.resolve()
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#compared.reject(closed())
    this.#endSleep()
    await Promise.allSettled([this.#running, this.#connecting, ...this.#filling.values()])
    await this.#remote?.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      const now = Date.now()
      try {
        const remote = await this.remote(signal)
        if (this.#failures > 0) await this.#ask(remote)
        await this.#compare(remote)
        this.#startDue(remote, now)
        if (await this.#evictOldest(remote)) this.#wake.resolve()
      } catch (error) {
        // A failure to connect was already reported.
        if (!signal.aborted && error !== this.#error) this.#failed(error as Error)
      }
      await this.#sleep(now)
    }
    await Promise.all(this.#sending.values())
  }

  /** Waits for a change, the end of one under way, or the next due time after `now`. */
  async #sleep(now: number): Promise<void> {
    const down = this.#failures > 0
    const until = down ? this.#retryAt : this.#options.state.nextDue(now)
    // No race with a promise that outlives the turn: it would keep a reaction of each turn (nodejs/node#17469).
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#endSleep = resolve
    if (this.#closing.signal.aborted) resolve()
    // While S3 is down, a new change does not trigger a retry.
    if (!down) void this.#wake.promise.then(resolve)
    const timer = until === undefined ? undefined : setTimeout(resolve, Math.max(0, until - Date.now()))
    await promise
    clearTimeout(timer)
  }

  /** After failures: one health check, before all pending changes are sent. */
  async #ask(remote: ObjectStore): Promise<void> {
    const health = await remote.checkHealth({ signal: this.#closing.signal })
    if (!health.ok) throw new ObjectStoreError('unavailable', health.error ?? 'S3 cannot be reached.')
    this.#succeeded()
  }

  /** Starts changes that are due, up to the limit. */
  #startDue(remote: ObjectStore, now: number): void {
    const free = PARALLEL - this.#sending.size
    // A change stays pending until a fetch under way ends: by that, the fetch sees that it is out of date.
    const busy = [this.#writing, this.#sending, this.#filling]
    const isBusy = ({ key }: PendingChange) => busy.some((keys) => keys.has(key))
    const due = this.#options.state.due(
      now,
      busy.reduce((sum, keys) => sum + keys.size, free),
    )
    for (const change of due.filter((one) => !isBusy(one)).slice(0, free)) {
      const sending = this.#replicate(remote, change)
        .catch((error: Error) => this.#failed(error))
        .finally(() => {
          this.#sending.delete(change.key)
          this.#wake.resolve()
        })
      this.#sending.set(change.key, sending)
    }
  }

  async #replicate(remote: ObjectStore, change: PendingChange): Promise<void> {
    const { local, state } = this.#options
    const { signal } = this.#closing
    try {
      // The recorded change is an intention; the folder decides.
      const here = await local.inspect(change.key)
      if (here === 'damaged') {
        // S3 may have the object: a read then fetches it from there.
        if (!isImmutable(change.key) || !(await remote.exists(change.key, { signal }))) throw damagedHere()
        state.replicated(change, await remote.head(change.key, { signal }), Date.now())
      } else if (here === 'whole') {
        const info = await transferObject(local, remote, change.key, {
          signal,
          uploadId: change.uploadId ?? undefined,
          onUpload: (uploadId) => state.keepUpload(change, uploadId),
        })
        state.replicated(change, info, Date.now())
      } else if (change.operation === 'delete') {
        await remote.delete(change.key, { signal })
        state.replicated(change, 'nothing', Date.now())
      } else {
        // The write failed or was never finished: S3 keeps its version.
        state.replicated(change, 'unchanged', Date.now())
      }
      this.#failedObjects.delete(change.key)
      this.#succeeded()
    } catch (error) {
      if (signal.aborted) return
      const retryAt = Date.now() + backoffMs(change.attempts + 1, this.#options.random())
      state.postpone(change, retryAt)
      this.#failedObjects.set(change.key, error as Error)
      this.#options.onFailure({ key: change.key, error: error as Error, retryAt })
      // A failure of this object (damaged, for example), or of S3 as a whole?
      if (isObjectStoreError(error, 'unavailable', 'denied', 'misconfigured')) this.#failed(error)
    }
  }

  /** Compares folder and S3, once in the folder's life. */
  async #compare(remote: ObjectStore): Promise<void> {
    const { local, state } = this.#options
    const { signal } = this.#closing
    if (state.compared) return
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await remote.list('', { ...(cursor === undefined ? {} : { cursor }), signal })
      state.discover(page.objects.filter(({ key }) => !key.startsWith('tmp/') && key !== BUCKET_ID_KEY))
      cursor = page.cursor
    }
    for await (const { key, size } of listAll(local, '', { signal })) {
      if (state.pending(key)) continue
      if (isImmutable(key) && state.remote(key)?.size === size) state.used(key, Date.now())
      else state.mark(key, 'put', size)
    }
    state.setCompared()
    this.#compared.resolve()
  }

  async #fill(key: string, call?: AbortSignal): Promise<void> {
    const { local, state } = this.#options
    const signal = call ? AbortSignal.any([call, this.#closing.signal]) : this.#closing.signal
    const pendingBefore = state.pending(key)
    const remote = await this.remote(call)
    let [uploadId, isCurrent]: [string | undefined, boolean] = [undefined, true]
    const requireAllowed = () => {
      const { compared } = state
      isCurrent = isFetchCurrent({ pendingBefore, pending: state.pending(key), isInS3: !!state.remote(key), compared })
      if (!isCurrent) throw new ObjectStoreError('conflict', 'The object was changed while it was fetched from S3.')
    }
    try {
      await transferObject(remote, guarded(local, requireAllowed), key, { signal, onUpload: (id) => (uploadId = id) })
    } catch (error) {
      // Nobody goes on with it, and its parts are not counted to the folder's size.
      if (uploadId !== undefined) await local.multipart.abort(key, uploadId)
      if (isCurrent) throw error
    }
    if (isCurrent) state.used(key, Date.now())
  }

  /**
   * While the folder is over its size limit: evicts the least recently used objects, each only after a check that S3 has it.
   *
   * @returns whether there was something to evict
   */
  async #evictOldest(remote: ObjectStore): Promise<boolean> {
    const { state, cacheSize } = this.#options
    if (!Number.isFinite(cacheSize) || state.bytesHere() <= cacheSize) return false
    const oldest = state.evictable(1 + this.#writing.size).find(({ key }) => !this.#writing.has(key))
    if (!oldest) return false
    const evicting = this.#evictOne(remote, oldest)
    // A concurrent writer of the key waits for this.
    const settled = evicting.catch(() => {})
    this.#evicting.set(oldest.key, settled)
    await settled
    this.#evicting.delete(oldest.key)
    await evicting
    return true
  }

  async #evictOne(remote: ObjectStore, { key, size }: RemoteObject): Promise<void> {
    const { local, state } = this.#options
    if (!(await remote.exists(key, { signal: this.#closing.signal }))) {
      // S3 lost it, or the S3 bucket was emptied: replicate it again.
      state.forget(key)
      state.mark(key, 'put', size)
      return
    }
    await local.delete(key)
    state.used(key, null)
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#options.state.allDue()
    this.#failures = 0
    this.#error = undefined
  }

  #failed(reason: Error): void {
    this.#error = reason
    if (!this.#options.state.compared) {
      this.#compared.reject(reason)
      this.#compared = Promise.withResolvers<void>()
      this.#compared.promise.catch(() => {})
    }
    this.#retryAt = Date.now() + backoffMs(++this.#failures, this.#options.random())
    this.#options.onFailure({ error: reason, retryAt: this.#retryAt })
  }
}

/** The folder, with a check in each transaction that stores an object. */
const guarded = (local: LocalStore, requireAllowed: () => void): ObjectStore => ({
  ...local,
  put: (key, body, put) => local.put(key, body, { ...put, requireAllowed }),
  multipart: {
    ...local.multipart,
    complete: (key, uploadId, parts, call) =>
      local.multipart.complete(key, uploadId, parts, { ...call, requireAllowed }),
  },
})

const otherBucket = () =>
  new ObjectStoreError(
    'misconfigured',
    'This is not the S3 bucket that the folder is replicated to. Name that one, or copy it to this one first (rockpool-server copy).',
  )

const closed = () => new ObjectStoreError('unavailable', 'The store has been closed.')

const damagedHere = () =>
  new ObjectStoreError(
    'digest_mismatch',
    "The folder's copy is damaged, and S3 has none. Send the file again, or restore the folder from a backup.",
  )
