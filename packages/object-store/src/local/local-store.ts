/** A folder as object store: `index.sqlite` says what there is, `contents/` holds the bytes. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ContentAddress, OCTET_STREAM, resolveRange, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import { orDiscard, throwIfAborted } from '../exact-body.ts'
import { localSigning } from '../local-signing.ts'
import { sanitizeKey, sanitizePrefix } from '../object-key.ts'
import type { ObjectInfo, ObjectStore, PutOptions } from '../object-store.ts'
import { ContentFiles } from './content-files.ts'
import { type LocalDatabase, type ObjectRow, openDatabase } from './database.ts'
import { asStoreError } from './disk-errors.ts'
import { LocalContents } from './local-contents.ts'
import { localMultipart, sweepUploads } from './local-multipart.ts'

export interface LocalStoreOptions {
  /** the folder; made when it is missing, and locked against other processes */
  readonly directory: string
  /** where the signer can be reached from outside: signed URLs are `<publicBaseUrl>/objects/<key>` */
  readonly publicBaseUrl: string
  /** the HMAC key of signed URLs, at least 32 random characters; give `verifyLocalUrl` the same */
  readonly secret: string
}

export interface LocalStore extends ObjectStore {
  readonly mode: 'local'
  /** what a killed process left behind has been removed: how many files */
  readonly swept: Promise<number>
}

/** How often uploads are looked for that nobody completed. */
const SWEEP_MS = 24 * 3600 * 1000

/** Opens a folder as object store. @throws ObjectStoreError `locked`, `misconfigured`, `unavailable` */
export const openLocalStore = async (options: LocalStoreOptions): Promise<LocalStore> => {
  if (options.secret.length < 32) {
    throw new ObjectStoreError('misconfigured', 'The secret for signed URLs needs at least 32 random characters.')
  }
  try {
    await mkdir(options.directory, { recursive: true })
    const database = openDatabase(join(options.directory, 'index.sqlite'))
    const files = await ContentFiles.open(join(options.directory, 'contents')).catch((error: unknown) => {
      database.close()
      throw error
    })
    return createLocalStore(options, database, files)
  } catch (error) {
    throw asStoreError(error)
  }
}

const createLocalStore = (options: LocalStoreOptions, database: LocalDatabase, files: ContentFiles): LocalStore => {
  const contents = new LocalContents(database, files)
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
      // Not by the caller, who still waits for an answer.
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

  const swept = run(undefined, async (signal) => {
    await sweepUploads(database, contents, Date.now())
    return files.sweep((file) => database.hasFile(file), signal)
  })
  // Whoever asks for it gets the error; a sweep that failed is tried again at the next start.
  swept.catch(() => {})
  const daily = setInterval(() => {
    // One that failed is tried again tomorrow.
    run(undefined, () => sweepUploads(database, contents, Date.now())).catch(() => {})
  }, SWEEP_MS).unref()

  return {
    mode: 'local',
    integrity: 'checksum',
    swept,

    put: (rawKey, body, put: PutOptions) =>
      orDiscard(
        body,
        run(put.signal, async (signal) => {
          const key = sanitizeKey(rawKey)
          const type = put.type ?? OCTET_STREAM
          check.checkSize(put.size)
          check.checkType(type)
          if (put.sha256) check.checkDigest(put.sha256)
          const refuseSecond = () => {
            if (put.ifNoneMatch === '*' && database.object(key)) {
              throw new ObjectStoreError('precondition_failed', 'There is an object of this key already.')
            }
          }
          refuseSecond()
          const { file, sha256 } = await files.write(body, { size: put.size, sha256: put.sha256, signal })
          const content = randomBytes(16).toString('hex')
          const address = toHex(sha256)
          await contents.commit([file], () => {
            // Again, in the transaction: of several writers at once only one may pass.
            refuseSecond()
            const unshared = database.deleteObject(key)
            database.putPart({ content, number: 1, start: 0, size: put.size, sha256, file })
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

    head: (key, call = {}) => run(call.signal, () => toInfo(find(key))),

    exists: (key, call = {}) => run(call.signal, () => database.object(sanitizeKey(key)) !== undefined),

    delete: (rawKey, call = {}) =>
      run(call.signal, async () => {
        const key = sanitizeKey(rawKey)
        await contents.commit([], () => {
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
      const error = await run(call.signal, async () => {
        database.object('probe')
        await files.probe()
      }).then(
        () => undefined,
        (failure: Error) => failure.message,
      )
      const latencyMs = Math.round((performance.now() - began) * 10) / 10
      return { ok: error === undefined, mode: 'local', integrity: 'checksum', latencyMs, ...(error && { error }) }
    },

    close: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      clearInterval(daily)
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
