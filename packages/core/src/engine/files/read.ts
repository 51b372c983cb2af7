/** Reading a file: from disk, or from object storage to the reader and to disk. */
import {
  addressOfKey,
  type ContentDigest,
  isLegacyKey,
  isRockpoolError,
  parseRemoteKey,
  type RemoteKey,
  RockpoolError,
} from '@rockpool/protocol'
import { Clock, Effect, Runtime } from 'effect'
import type { OpenOptions } from '../../pool.ts'
import type { FileRecord } from '../../records/record.ts'
import { downloadedRows } from '../rows.ts'
import { Connections } from '../transfers/connections.ts'
import { type Download, download } from '../transfers/download.ts'
import { incomplete, sizeMismatch } from '../transfers/download-errors.ts'
import { clearQuarantine } from '../transfers/clear-quarantine.ts'
import { readerSlot } from '../transfers/reader-slot.ts'
import { Device } from '../device.ts'
import { suspectLoss } from '../repair/loss.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { underLock } from '../leadership/locks.ts'
import { otherNamedKeys } from './named-content.ts'
import { blobHasher } from './hashed-blob.ts'
import { quarantine } from './quarantine.ts'
import { quoteName } from './quote-name.ts'
import { orLarge } from './replace-large.ts'
import { BlobPort, callPort, LogPort, Platform, Settings, SignerPort } from '../services.ts'

/** The whole content as a Blob, downloaded to disk first when it is not there. */
export const open = (file: FileRecord, options: OpenOptions) =>
  orLarge(file, {
    onProgress: options.onProgress,
    openReplaced: (replaced) => openSame(replaced, options),
    ofBlob: (blob) => blob,
  })(openSame(file, options))

const openSame = (file: FileRecord, { onProgress }: OpenOptions) =>
  Effect.gen(function* () {
    const blob = (yield* kept(file)) ?? (yield* downloaded(file, onProgress))
    return blob.slice(0, blob.size, file.type)
  })

/** One tab downloads; the others wait, then read it from disk. */
const downloaded = (file: FileRecord, onProgress: OpenOptions['onProgress']) =>
  Effect.gen(function* () {
    const meanwhile = yield* kept(file)
    if (meanwhile) return meanwhile
    yield* downloadToDisk(file.remoteKey, file.size, { pinned: false, onProgress })
    const blob = yield* kept(file)
    return blob ?? (yield* Effect.fail(vanished(file)))
  }).pipe(underLock(`download:${file.remoteKey}`, 'exclusive'))

/** The content as a stream. Bytes from the network are passed on as they arrive, and kept. */
export const stream = (file: FileRecord, options: OpenOptions) => streamFrom(file, options, (blob) => blob.stream())

/** As {@link stream}, but bytes from disk are verified, too: the stream of damaged ones ends in a `corrupt` error. */
export const exportStream = (file: FileRecord) =>
  Effect.flatMap(blobHasher, (streamHashed) => streamFrom(file, {}, streamHashed))

/** Reads content on this disk. */
type StreamBlob = (blob: Blob, file: FileRecord) => ReadableStream<Uint8Array<ArrayBuffer>>

const streamFrom = (file: FileRecord, options: OpenOptions, streamBlob: StreamBlob) =>
  orLarge(file, {
    onProgress: options.onProgress,
    openReplaced: (replaced) => streamSame(replaced, options, streamBlob),
    // Its bytes were verified right now.
    ofBlob: (blob) => blob.stream(),
  })(streamSame(file, options, streamBlob))

const streamSame = (file: FileRecord, options: OpenOptions, streamBlob: StreamBlob) =>
  Effect.gen(function* () {
    const blob = yield* kept(file)
    if (blob) return streamBlob(blob, file)
    const runtime = yield* Effect.runtime<BlobPort | Device | LogPort | Platform | Settings>()
    const { remoteKey, size } = file
    const start = yield* downloader(remoteKey, size, options.onProgress, { isRead: true })
    // The caller's signal stops the whole stream, not only its start.
    const started = yield* callPort((signal) =>
      start(options.signal ? AbortSignal.any([signal, options.signal]) : signal),
    ).pipe(suspectLoss(remoteKey))
    void started.kept
      .then((content) => Runtime.runPromise(runtime)(recordDownload(remoteKey, content, started.source, false)))
      .catch(() => {}) // the stream reports the error to its reader; the next open adds a missing row
    return started.stream
  })

/** Downloads content to disk and adds it to the index. */
export const downloadToDisk = (
  key: RemoteKey,
  size: number,
  { pinned, onProgress }: { readonly pinned: boolean; readonly onProgress: OpenOptions['onProgress'] },
) =>
  Effect.gen(function* () {
    const start = yield* downloader(key, size, onProgress, { isRead: !pinned })
    const { content, source } = yield* callPort(async (signal) => {
      const started = await start(signal)
      // Reading drives the download; the bytes themselves are not needed here.
      await started.stream.pipeTo(new WritableStream())
      return { content: await started.kept, source: started.source }
    }).pipe(suspectLoss(key))
    yield* recordDownload(key, content, source, pinned)
  })

/**
 * Starts downloads, and publishes their progress to all tabs until they end or `signal` aborts.
 *
 * @param isRead a person waits for it: it takes precedence over other transfers
 */
const downloader = (
  key: RemoteKey,
  size: number,
  onProgress: OpenOptions['onProgress'],
  { isRead }: { readonly isRead: boolean },
) =>
  Effect.gen(function* () {
    const budget = yield* Connections
    const { clock, hashing } = yield* Platform
    const { fetch } = yield* Settings
    const ports = { blobs: yield* BlobPort, signer: yield* SignerPort, fetch, clock, hashing }
    const device = yield* Device
    const log = yield* LogPort
    return async (signal: AbortSignal): Promise<Download> => {
      const report = device.report(key, 'download', size)
      const slot = isRead ? readerSlot(budget, clock) : undefined
      const end = () => {
        report.end()
        slot?.end()
      }
      try {
        const started = await download(ports, key, {
          signal,
          // The record of a file of livestore-filesync may not know its size.
          ...(isLegacyKey(key) ? {} : { expectedSize: size }),
          onProgress(bytes, total) {
            report.progress(bytes, total)
            onProgress?.(bytes, total)
          },
        })
        void started.kept.then(end, end)
        return slot ? { ...started, stream: slot.count(started.stream) } : started
      } catch (error) {
        end()
        if (!isRockpoolError(error, 'not_found')) throw error
        throw log.remoteContent(key)?.stored ? notInStorage(error) : notUploadedYet(error)
      }
    }
  })

/**
 * Adds content that is complete on disk to the index.
 *
 * @throws RockpoolError `disk_failed` when a part is missing: `repair/abandoned-parts.ts` deletes parts of an earlier download, which
 *   this one may have read before. The next attempt downloads the part.
 */
export const recordDownload = (key: RemoteKey, content: ContentDigest, source: Download['source'], pinned: boolean) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    if (!(yield* callPort(() => blobs.open(content.address)))) return yield* Effect.fail(incomplete())
    const now = yield* Clock.currentTimeMillis
    yield* device.write([
      ...downloadedRows(key, { content, source }, now, { pinned }),
      // Bytes without a row may be the only copy.
      ...(yield* reconcileKeys([key, ...(yield* otherNamedKeys(key))], { occasion: 'download' })),
    ])
    if (source === 'remote') device.announceDownload(key)
    // On failure they only take space.
    yield* Effect.ignoreLogged(callPort(() => clearQuarantine(blobs, content.address)))
  })

/** The content on this disk, if the index has it. Content without a row is hashed again by {@link downloadToDisk}. */
const kept = (file: FileRecord) =>
  Effect.gen(function* () {
    // A record can name any key: only keys of this store are requested with this user's rights.
    if (parseRemoteKey(file.remoteKey)?.storeId !== (yield* Settings).storeId)
      return yield* Effect.fail(elsewhere(file))
    const blobs = yield* BlobPort
    const device = yield* Device
    const address = addressOfKey(file.remoteKey)
    const blob = yield* callPort(() => blobs.open(address))
    const row = device.contents.get(address)
    if (!row) return undefined
    if (blob?.size === row.size) {
      if (file.size !== row.size && !isLegacyKey(file.remoteKey))
        return yield* Effect.fail(sizeMismatch(file.size, row.size))
      return blob
    }
    // The row has the size of the hashed bytes: these are truncated, too long, or gone. Or another tab has stored them since.
    if ((yield* quarantine(address, [file.remoteKey])) === 'absent') return undefined
    const again = yield* callPort(() => blobs.open(address))
    return again?.size === file.size || isLegacyKey(file.remoteKey) ? again : undefined
  })

const elsewhere = (file: FileRecord): RockpoolError =>
  new RockpoolError(
    'bad_key',
    `The record of ${quoteName(file)} belongs to another store. Remove the file from this list.`,
  )

const notUploadedYet = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'not_found',
    'The device that added this file has not uploaded it yet. Open it again when that device was online.',
    { cause },
  )

const notInStorage = (cause: unknown): RockpoolError =>
  new RockpoolError(
    'storage_suspect',
    'This file is missing in object storage, although it was stored there. A device that has the file uploads it again; try again later.',
    { cause },
  )

const vanished = (file: FileRecord): RockpoolError =>
  new RockpoolError('corrupt', `${quoteName(file)} vanished from disk while it was read. Open it again.`)
