/** A folder as object store: `index.sqlite` is the index, `contents/` holds the bytes. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ContentAddress, OCTET_STREAM, resolveRange, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import { orDiscard, throwIfAborted } from '../exact-body.ts'
import { localSigning } from '../local-signing.ts'
import { sanitizeKey, sanitizePrefix } from '../object-key.ts'
import type { ObjectBody, ObjectInfo, ObjectStore, PutOptions } from '../object-store.ts'
import { ContentFiles, makePrivate, shardName, type Sweep } from './content-files.ts'
import { type LocalDatabase, type ObjectRow, openDatabase } from './database.ts'
import { asStoreError } from './disk-errors.ts'
import { advanceGeneration, REBUILD, requireCurrentIndex } from './generation.ts'
import { type CommitOptions, damagedContent, LocalContents } from './local-contents.ts'
import { type LocalMultipart, localMultipart, sweepUploads } from './local-multipart.ts'

export interface LocalStoreOptions {
  /** the folder; made when it is missing, and locked against other processes */
  readonly directory: string
  /** where the signer can be reached from outside: signed URLs are `<publicBaseUrl>/objects/<key>` */
  readonly publicBaseUrl: string
  /** the HMAC key of signed URLs, at least 32 random characters; give `verifyLocalUrl` the same */
  readonly secret: string
  /** receives the number of files that were moved to `quarantine/` because the index does not reference them */
  readonly onQuarantine?: (files: number) => void
  /** receives the folder's generation (generation.ts) each time that it grows while the store is open */
  readonly onGeneration?: (generation: number) => void
}

export interface LocalStore extends ObjectStore {
  readonly mode: 'local'
  readonly multipart: LocalMultipart
  put(key: string, body: ObjectBody, options: PutOptions & CommitOptions): ReturnType<ObjectStore['put']>
  /** outcome for files that a killed process left behind */
  readonly swept: Promise<Sweep>
  /** generation.ts: of the index before this start, and since */
  readonly generations: { readonly former: number; readonly current: number }
  /** Whether the folder has an object with all its bytes; by length, not by hash. */
  inspect(key: string): Promise<'whole' | 'damaged' | 'absent'>
  /** Moves the files of a damaged object to `quarantine/`: it counts as missing until it is written again. */
  setAside(key: string): Promise<void>
}

/** Time between sweeps of incomplete uploads. */
const SWEEP_MS = 24 * 3600 * 1000

/** How often a change starts the next generation of the folder (generation.ts). */
const GENERATION_MS = 60_000

/**
 * Opens a folder as object store.
 *
 * @throws ObjectStoreError `locked`, `unavailable`; `misconfigured` when index and content are not of one folder
 */
export const openLocalStore = async (options: LocalStoreOptions): Promise<LocalStore> => {
  if (options.secret.length < 32) {
    throw new ObjectStoreError('misconfigured', 'The secret for signed URLs needs at least 32 random characters.')
  }
  try {
    const { directory } = options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await makePrivate(directory)
    const [index, contents] = [join(directory, 'index.sqlite'), join(directory, 'contents')]
    const isEmpty = !(await hasFiles(contents))
    if (!isEmpty && !existsSync(index)) {
      throw new ObjectStoreError(
        'misconfigured',
        `The folder ${directory} has content, but no index.sqlite. Restore it from a backup, or run: ${REBUILD}`,
      )
    }
    const database = openDatabase(index)
    try {
      requireCurrentIndex(directory, database)
      if (isEmpty && database.hasFiles()) {
        throw new ObjectStoreError(
          'misconfigured',
          `The folder ${contents} is empty, though the index names files in it. Mount it, or restore it from a backup.`,
        )
      }
      const files = await ContentFiles.open(contents)
      const former = database.generation
      await advanceGeneration(directory, database)
      return createLocalStore(options, database, files, { former, current: database.generation })
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw asStoreError(error)
  }
}

/** Whether any content is in the folder; what else may be there, such as a disk's `lost+found`, does not count. */
const hasFiles = async (folder: string): Promise<boolean> => {
  for (let i = 0; i < 256; i++) {
    const files = await readdir(join(folder, shardName(i))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    if (files.length > 0) return true
  }
  return false
}

const createLocalStore = (
  options: LocalStoreOptions,
  database: LocalDatabase,
  files: ContentFiles,
  generations: LocalStore['generations'],
): LocalStore => {
  const contents = new LocalContents(database, files)
  const quarantine = join(options.directory, 'quarantine')
  const closing = new AbortController()
  /** calls under way, which `close` waits for */
  const running = new Set<Promise<unknown>>()

  /** Runs a call while the store is open, and turns its errors into the store's. */
  const run = async <A>(signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<A> | A): Promise<A> => {
    throwIfAborted(signal)
    const closed = () => new ObjectStoreError('unavailable', 'The storage folder has been closed.')
    if (closing.signal.aborted) throw closed()
    const both = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal
    const result = (async () => call(both))()
    running.add(result)
    try {
      return await result
    } catch (error) {
      // `close` must wait for the call even when its caller does not.
      if (isObjectStoreError(error, 'aborted') && !signal?.aborted) throw closed()
      throw asStoreError(error)
    } finally {
      running.delete(result)
    }
  }

  const { signPut, signGet, signPart } = localSigning({
    publicBaseUrl: options.publicBaseUrl,
    secret: options.secret,
    now: () => Date.now(),
    run,
  })

  const find = (key: string): ObjectRow => {
    const row = database.object(sanitizeKey(key))
    if (!row) throw new ObjectStoreError('not_found', 'There is no object of this key.')
    return row
  }

  /** The row of an object whose files are there. @throws ObjectStoreError `not_found` */
  const findWhole = async (key: string): Promise<ObjectRow> => {
    const row = find(key)
    if (!(await contents.isWhole(row.content))) throw damagedContent()
    return row
  }

  /** The content of a key whose bytes are gone or damaged: writing it once more replaces it. */
  const damagedContentOf = async (key: string): Promise<string | undefined> => {
    const row = database.object(key)
    return row && !(await contents.isWhole(row.content)) ? row.content : undefined
  }

  const swept = run(undefined, async (signal) => {
    await sweepUploads(database, contents, Date.now())
    const rows = {
      isNamed: (file: string) => database.hasFile(file),
      isRemoval: (file: string) => database.isRemoval(file),
    }
    const sweep = await files.sweep(rows, quarantine, signal)
    if (sweep.quarantined > 0) options.onQuarantine?.(sweep.quarantined)
    return sweep
  })
  // The caller of `swept` gets the error; the next start sweeps again.
  swept.catch(() => {})
  const daily = setInterval(() => {
    // One that failed is tried again tomorrow.
    run(undefined, () => sweepUploads(database, contents, Date.now())).catch(() => {})
  }, SWEEP_MS).unref()
  let changes = database.changes
  const eachMinute = setInterval(() => {
    if (database.changes === changes) return
    changes = database.changes
    // One that failed is made up for by the next one.
    run(undefined, async () => {
      await advanceGeneration(options.directory, database)
      options.onGeneration?.(database.generation)
    }).catch(() => {})
  }, GENERATION_MS).unref()

  return {
    mode: 'local',
    integrity: 'checksum',
    swept,
    generations,

    put: (rawKey, body, put) =>
      orDiscard(
        body,
        run(put.signal, async (signal) => {
          const key = sanitizeKey(rawKey)
          const type = put.type ?? OCTET_STREAM
          check.checkSize(put.size)
          check.checkType(type)
          if (put.sha256) check.checkDigest(put.sha256)
          const damaged = put.ifNoneMatch === '*' ? await damagedContentOf(key) : undefined
          const requirePrecondition = () => {
            const present = database.object(key)
            check.checkPrecondition(put, present && present.content !== damaged ? `"${present.address}"` : undefined)
          }
          requirePrecondition()
          const identity = { key, type, writtenAt: Date.now() }
          const { file, sha256, length } = await files.write(body, {
            size: put.size,
            sha256: put.sha256,
            identity,
            signal,
          })
          const content = randomBytes(16).toString('hex')
          const address = toHex(sha256)
          await contents.commit([file], () => {
            // Checked again in the transaction: only one of several concurrent writers may pass.
            requirePrecondition()
            put.requireAllowed?.()
            const unshared = database.deleteObject(key)
            database.putPart({ content, number: 1, start: 0, size: put.size, sha256, file, length })
            database.putObject({ key, content, size: put.size, type, address, modifiedAt: Date.now() })
            return unshared === undefined ? [] : [unshared]
          })
          return { etag: `"${address}"`, durable: true }
        }),
      ),

    get: (key, get = {}) =>
      run(get.signal, async () => {
        const row = find(key)
        const span = resolveRange(get.range, row.size)
        if (!span) {
          throw new ObjectStoreError('range_not_satisfiable', `The object has ${row.size} bytes, none of that range.`)
        }
        return { info: toInfo(row), span, body: await contents.read(row.content, span) }
      }),

    head: (key, call = {}) => run(call.signal, async () => toInfo(await findWhole(key))),

    exists: (rawKey, call = {}) =>
      run(call.signal, async () => {
        const row = database.object(sanitizeKey(rawKey))
        return row !== undefined && contents.isWhole(row.content)
      }),

    inspect: (rawKey) =>
      run(undefined, async () => {
        const row = database.object(sanitizeKey(rawKey))
        if (!row) return 'absent'
        return (await contents.isWhole(row.content)) ? 'whole' : 'damaged'
      }),

    setAside: (key) =>
      run(undefined, async () => {
        const { content } = find(key)
        await files.setAside(
          database.parts(content).map(({ file }) => file),
          quarantine,
        )
      }),

    delete: (rawKey, call = {}) =>
      run(call.signal, async () => {
        const key = sanitizeKey(rawKey)
        await contents.commit([], () => {
          check.checkInTime(call.before)
          const unshared = database.deleteObject(key)
          return unshared === undefined ? [] : [unshared]
        })
      }),

    list: (rawPrefix, list = {}) =>
      run(list.signal, () => {
        const prefix = sanitizePrefix(rawPrefix)
        const limit = list.limit ?? check.MAX_PAGE
        check.checkLimit(limit)
        const rows = database.objectsFrom(prefix, list.cursor ?? '', limit + 1)
        const end = rows.findIndex((row) => !row.key.startsWith(prefix))
        const matching = end === -1 ? rows : rows.slice(0, end)
        const page = matching.slice(0, limit)
        return {
          objects: page.map(({ key, size, modifiedAt, address }) => ({ key, size, modifiedAt, etag: `"${address}"` })),
          ...(matching.length > limit ? { cursor: page.at(-1)!.key } : {}),
        }
      }),

    copy: (from, to, call = {}) =>
      run(call.signal, async () => {
        const key = sanitizeKey(to)
        await findWhole(from)
        await contents.commit([], () => {
          const source = find(from)
          if (source.key === key) return []
          const unshared = database.deleteObject(key)
          // Bytes are immutable: both keys share them.
          database.putObject({ ...source, key, modifiedAt: Date.now() })
          return unshared === undefined || unshared === source.content ? [] : [unshared]
        })
      }),

    signPut,
    signGet,

    multipart: localMultipart({ database, files, contents, run, signPart }),

    checkHealth: async (call = {}) => {
      const began = performance.now()
      const failure = await run(call.signal, async () => {
        database.object('probe')
        await files.probe()
      }).then(
        () => undefined,
        (error: Error) => error,
      )
      const latencyMs = Math.round((performance.now() - began) * 10) / 10
      const full = isObjectStoreError(failure, 'no_space')
      return {
        ok: failure === undefined || full,
        mode: 'local',
        integrity: 'checksum',
        latencyMs,
        ...(full && { full }),
        ...(failure && { error: failure.message }),
      }
    },

    close: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      clearInterval(daily)
      clearInterval(eachMinute)
      await Promise.allSettled(running)
      database.close()
    },
  }
}

const toInfo = (row: ObjectRow): ObjectInfo => ({
  key: row.key,
  size: row.size,
  type: row.type,
  etag: `"${row.address}"`,
  modifiedAt: row.modifiedAt,
  address: row.address as ContentAddress,
  durable: true,
})
