/** The public API of the engine: promises around effects. */
import { contentUrl, fileUrl, RockpoolError } from '@rockpool/protocol'
import { Cause, Effect, Exit, Fiber, FiberSet, type Scope } from 'effect'
import type { ContentReference, FileReference, FileStatus, Pool, PoolEvents } from '../pool.ts'
import { objectUrlType, sharedObjectUrls } from '../object-urls.ts'
import { saveFile } from '../platform/save-file.ts'
import type { FileQuery } from '../ports/record-log.ts'
import type { FileRecord, RemoteContent } from '../records/record.ts'
import { reuseUnchanged } from '../records/same-records.ts'
import { add, replace } from './files/add.ts'
import { contentOf, findContent } from './files/content-of.ts'
import { Device } from './device.ts'
import { liveFile, remove, rename, restore, revert, setMeta } from './files/edit.ts'
import type { EngineServices } from './engine-services.ts'
import { PoolEmitter } from './pool-emitter.ts'
import { importLegacy } from './files/import-legacy.ts'
import { exportStream, open as openContent, stream } from './files/read.ts'
import { discardRefused, retryRefused } from './log/resolve-refused.ts'
import { BlobPort, LogPort, Platform, Settings } from './services.ts'
import { coalesced } from './coalesced.ts'
import { sameStatus, type StatusFacts, statusOf } from './files/status.ts'
import { pin, storageReport, unpin } from './files/storage.ts'
import { verify } from './files/verify.ts'
import { SyncState } from './log/sync-state.ts'
import { cancel, recordLookedAt, retry, retryAll, setPaused } from './transfers/transfer-control.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Unthrottled, a few transfers on a fast line would render a list of files hundreds of times a second. */
const NOTIFY_INTERVAL_MS = 100

export const makePoolApi = (close: () => Promise<void>): Effect.Effect<Pool, never, EngineServices | Scope.Scope> =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const blobs = yield* BlobPort
    const device = yield* Device
    const emitter = yield* PoolEmitter
    const sync = yield* SyncState
    const { storeId, base } = yield* Settings
    const { clock } = yield* Platform
    // Calls of the app end with the pool.
    const fork = yield* FiberSet.makeRuntime<EngineServices>()
    const objectUrls = sharedObjectUrls()
    let closing: Promise<void> | undefined

    const run = async <A>(work: Effect.Effect<A, RockpoolError, EngineServices>, signal?: AbortSignal): Promise<A> => {
      if (closing) throw closed()
      const exit = await Effect.runPromise(Fiber.await(fork(unlessAborted(signal)(work))))
      if (Exit.isSuccess(exit)) return exit.value
      throw Cause.isInterruptedOnly(exit.cause) ? closed() : Cause.squash(exit.cause)
    }

    const idOf = (file: FileReference): string => (typeof file === 'string' ? file : file.id)
    const live = (file: FileReference) => liveFile(idOf(file))
    const looked = (file: ContentReference) => Effect.tap(contentOf(file), recordLookedAt)

    const known = new Map<string, FileStatus>()
    const status = (reference: ContentReference): FileStatus => {
      const file = findContent(log, reference)
      const next = file
        ? statusOf({
            size: file.size,
            onDevice: device.has(file.remoteKey),
            isStored: device.isStored(file.remoteKey),
            logState: logStateOf(log.remoteContent(file.remoteKey)),
            upload: device.transfer('upload', file.remoteKey),
            download: device.transfer('download', file.remoteKey),
            activity: device.activity(file.remoteKey),
          })
        : UNKNOWN
      // Cached per version: with one entry per file, a reader of two versions would see both change on each read.
      const content = file ? `${file.id} ${file.remoteKey}` : typeof reference === 'string' ? reference : reference.id
      const last = known.get(content)
      if (last && sameStatus(last, next)) return last
      known.set(content, next)
      return next
    }

    const changes = yield* coalesced(
      (changed) => [device.subscribe(changed), log.subscribe(changed)],
      NOTIFY_INTERVAL_MS,
    )

    const subscribeFiles = (query: FileQuery, fn: (files: readonly FileRecord[]) => void) => {
      let last = log.list(query)
      const unsubscribe = log.subscribe(() => {
        const next = reuseUnchanged(last, log.list(query))
        if (next === last) return
        last = next
        fn(next)
      })
      fn(last)
      return unsubscribe
    }

    const url: Pool['url'] = (reference, { download = false } = {}) => {
      const content = findContent(log, reference)
      if (typeof reference !== 'string')
        return contentUrl({ ...(content ?? { ...reference, name: 'file' }), download, base })
      // The URL of an id means the file's content at the time of the request, even for a file that is yet to come.
      return content && content.id !== reference
        ? contentUrl({ ...content, download, base })
        : fileUrl({ storeId, fileId: reference, name: content?.name ?? 'file', download, base })
    }

    const objectUrl: Pool['objectUrl'] = async (file, { signal } = {}) => {
      const content = await run(looked(file), signal)
      const type = objectUrlType(content.type)
      const open = async (stopped: AbortSignal) => {
        const blob = await run(openContent(content, {}), stopped)
        return blob.slice(0, blob.size, type)
      }
      return objectUrls.acquire(`${content.remoteKey} ${type}`, open, signal)
    }

    const streamOf: Pool['stream'] = (file, options = {}) =>
      run(
        Effect.flatMap(looked(file), (record) => stream(record, options)),
        options.signal,
      )

    return {
      storeId,
      log,
      blobs,
      files: {
        list: (query = {}) => log.list(query),
        get(id) {
          const file = log.file(id)
          return file?.deletedAt === null ? file : undefined
        },
        subscribe: subscribeFiles,
      },
      transfers: {
        status,
        subscribe: changes.add,
        retry: (file) => run(Effect.flatMap(live(file), retry)),
        retryAll: () => run(retryAll),
        cancel: (file) => run(Effect.flatMap(live(file), cancel)),
        pause: () => run(setPaused(true)),
        resume: () => run(setPaused(false)),
      },
      sync: {
        get current() {
          return sync.status.current
        },
        subscribe: sync.status.subscribe,
        refused: {
          list: () => sync.refused.current,
          subscribe: sync.refused.subscribe,
          retry: (id, edit = {}) => run(retryRefused(id, edit)),
          discard: (id) => run(discardRefused(id)),
        },
      },
      add: (source, options = {}) => run(add(source, options)),
      replace: (id, source, options = {}) => run(replace(id, source, options)),
      rename: (id, name) => run(rename(id, name)),
      setMeta: (id, meta) => run(setMeta(id, meta)),
      remove: (id) => run(remove(id)),
      restore: (id) => run(restore(id)),
      versions: (id) => log.versions(id),
      revert: (id, version) => run(revert(id, version)),
      url,
      open: (file, options = {}) =>
        run(
          Effect.flatMap(looked(file), (record) => openContent(record, options)),
          options.signal,
        ),
      objectUrl,
      stream: streamOf,
      save: (file) =>
        saveFile(
          {
            name: findContent(log, file)?.name ?? 'file',
            url: url(file, { download: true }),
            stream: () => run(Effect.flatMap(looked(file), exportStream)),
            objectUrl: () => objectUrl(file),
          },
          clock,
        ),
      pin: (id) => run(pin(id)),
      unpin: (id) => run(unpin(id)),
      storage: () => run(storageReport),
      verify: (options = {}) => run(verify(options), options.signal),
      importLegacy: (folder, options = {}) => run(importLegacy(folder, options), options.signal),
      on: <E extends keyof PoolEvents>(event: E, fn: (detail: PoolEvents[E]) => void) =>
        emitter.add((emission) => {
          if (emission.event === event) fn(emission.detail as PoolEvents[E])
        }),
      close() {
        objectUrls.revokeAll()
        return (closing ??= close())
      },
    }
  })

const logStateOf = (content: RemoteContent | undefined): StatusFacts['logState'] =>
  content && (content.stored ? 'stored' : 'lost')

const UNKNOWN: FileStatus = {
  state: 'remote',
  onDevice: false,
  bytes: 0,
  total: 0,
  bytesPerSecond: null,
  remainingMs: null,
  error: null,
}

const closed = (): RockpoolError => new RockpoolError('closed', 'This pool was closed. Open it again.')
