/** The blob store in the calling context, without a worker. */
import type { BlobStore, WriteOptions } from '@rockpool/core'
import {
  aborted,
  addressParts,
  type ContentAddress,
  type ContentDigest,
  hashContent,
  PART_SIZE,
  RockpoolError,
} from '@rockpool/protocol'
import { diskError } from '../disk-error.ts'
import { findContent, findPart, listContents, openContent, partFiles, sum } from './content-files.ts'
import { makeLimiter } from './limiter.ts'
import { moveIn } from './move-in.ts'
import { openSink, type Sink } from './sink.ts'
import { partsOf } from './source.ts'
import { allFragments, fragmentsOf, moveToFragments, removeFragments } from './fragments.ts'
import { allAside, isAside, moveAside, removeAside, sizeAside } from './quarantine.ts'
import {
  fileIn,
  filesOf,
  openStoreFolder,
  PARTS_SUFFIX,
  plausibleContent,
  plausiblePart,
  removeIn,
  type StoreFolder,
} from './store-folder.ts'
import { sweepTempFiles, type TempFile, withTempFile } from './temp-file.ts'
import { writeParts } from './write-parts.ts'

/**
 * Opens a store's blobs for contexts without dedicated workers, such as a service worker. Windows have the faster
 * `opfsBlobStore`; both may use a store at the same time.
 *
 * @throws RockpoolError `unsupported` where OPFS is missing or blocked
 */
export const opfsBlobStoreDirect = async ({ storeId }: { readonly storeId: string }): Promise<BlobStore> => {
  const folder = await openStoreFolder(storeId)
  const closing = new AbortController()
  const writes = new Set<Promise<unknown>>()
  const limited = makeLimiter(MAX_BYTES_AT_ONCE)

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closing.signal.aborted) throw storeClosed()
    try {
      return await work()
    } catch (error) {
      throw diskError(error)
    }
  }

  /** Writes end before `close` resolves: an open file would fail the next user of the folder. */
  const runWrite = async <T>(work: () => Promise<T>): Promise<T> => {
    const write = run(work)
    writes.add(write)
    try {
      return await write
    } catch (error) {
      throw closing.signal.aborted ? storeClosed() : error
    } finally {
      writes.delete(write)
    }
  }

  const close = async () => {
    closing.abort()
    await Promise.allSettled(writes)
  }

  return {
    write: (source, options = {}) =>
      runWrite(async () => {
        const stops = [closing.signal, ...(options.signal ? [options.signal] : [])]
        const stop = AbortSignal.any(stops)
        const writing = () => writeContent(folder, source, options, stop)
        // A stream may be as slow as its network, or wait for another add: it must not delay others.
        if (!(source instanceof Blob)) return writing()
        return limited(writing, Math.min(source.size, 2 * PART_SIZE), stop).catch((error: unknown) => {
          throw stop.aborted ? aborted(stop) : error
        })
      }),

    writePart: (address, number, bytes) =>
      runWrite(async () => {
        assertPart(address, number, bytes)
        if (await findPart(folder, address, number)) return
        await writeTemp(folder, bytes, (temp) => commitPart(folder, temp, address, number))
      }),

    adopt: (address, file) => runWrite(() => exclusively(folder, address, () => moveIn(folder, address, file))),

    writeFragment: (address, number, start, bytes) =>
      runWrite(() =>
        writeTemp(folder, bytes, (temp) =>
          exclusively(folder, address, async () => {
            if (await findPart(folder, address, number)) return
            await moveToFragments(folder, temp, { address, number, start })
          }),
        ),
      ),

    fragments: (address) => run(() => fragmentsOf(folder, address)),

    deleteFragments: (address) => run(() => exclusively(folder, address, () => removeFragments(folder, address))),

    parts: (address) =>
      run(async () => {
        if (await findContent(folder, address)) return Array.from({ length: addressParts(address) }, (_, i) => i + 1)
        return (await partFiles(folder, address)).map(({ number }) => number)
      }),

    openPart: (address, number) => run(() => findPart(folder, address, number)),

    open: (address) => run(() => openContent(folder, address)),

    delete: (address) =>
      run(() =>
        exclusively(folder, address, async () => {
          await removeIn(folder.contents, address)
          await removeIn(folder.contents, address + PARTS_SUFFIX)
          await removeAside(folder, address)
          await removeFragments(folder, address)
        }),
      ),

    quarantine: (address) =>
      run(() =>
        exclusively(folder, address, async () => {
          const blob = await openContent(folder, address)
          if (blob && (await hashContent(blob.stream())).address === address) return 'intact'
          await moveAside(folder, address)
          await removeFragments(folder, address)
          return 'absent'
        }),
      ),

    isQuarantined: (address) => run(() => isAside(folder, address)),

    quarantined: () => run(() => allAside(folder)),

    list: () => run(() => listContents(folder)),

    usage: () =>
      run(async () => {
        const contents = await listContents(folder)
        const temp = await filesOf(folder.temp)
        const used =
          sum(contents.map(({ size }) => size)) + sum(temp.map(({ file }) => file.size)) + (await sizeAside(folder))
        const { quota = 0 } = await navigator.storage.estimate()
        return { used, quota }
      }),

    sweep: () =>
      run(async () => (await sweepTempFiles(folder)) + (await sweepDamaged(folder)) + (await sweepFragments(folder))),

    close,

    erase: async () => {
      await close()
      await removeIn(folder.origin, folder.name).catch((error: unknown) => {
        throw diskError(error)
      })
    },
  }
}

/**
 * Bytes that are in memory at the same time, each up to two parts: adding many large files at once must
 * not take gigabytes. 300 files of 100 kB fit in, so that they share the index's transactions, too.
 */
const MAX_BYTES_AT_ONCE = 8 * PART_SIZE

const writeContent = (
  folder: StoreFolder,
  source: Blob | ReadableStream<Uint8Array>,
  options: WriteOptions,
  stop: AbortSignal,
): Promise<ContentDigest> =>
  withTempFile(folder, async (temp) => {
    const failed = new AbortController()
    const signal = AbortSignal.any([stop, failed.signal])
    try {
      const parts = partsOf(source, { ...options, signal })
      const digest = await intoFile(folder, temp.file, (sink) => writeParts(parts, sink, options.onProgress))
      if (signal.aborted) throw aborted(signal)
      await commitContent(folder, temp, digest)
      return digest
    } catch (error) {
      failed.abort(error)
      throw error
    }
  })

/** Fills a new file through a sink, which is closed on every path. */
const intoFile = async <T>(
  folder: StoreFolder,
  file: FileSystemFileHandle,
  fill: (sink: Sink) => Promise<T>,
): Promise<T> => {
  const sink = await openSink(folder, file)
  try {
    return await fill(sink)
  } catch (error) {
    await sink.abort().catch(() => {})
    throw error
  }
}

/** Writes bytes to a temp file, which `commit` moves to its place. */
const writeTemp = (
  folder: StoreFolder,
  bytes: Uint8Array<ArrayBuffer>,
  commit: (temp: TempFile) => Promise<void>,
): Promise<void> =>
  withTempFile(folder, async (temp) => {
    await intoFile(folder, temp.file, async (sink) => {
      await sink.write(bytes)
      await sink.close()
    })
    await commit(temp)
  })

/** Two tabs may finish the same content at once: looking and moving are one step. */
const exclusively = <T>(folder: StoreFolder, address: ContentAddress, work: () => Promise<T>): Promise<T> =>
  navigator.locks.request(`rockpool-opfs:${folder.name}/contents/${address}`, work)

/** Keeps an existing file, unless its size or hash is wrong: the new bytes then replace it. */
const commitContent = (
  folder: StoreFolder,
  temp: TempFile,
  { address, size }: Pick<ContentDigest, 'address' | 'size'>,
): Promise<void> =>
  exclusively(folder, address, async () => {
    const present = await fileIn(folder.contents, address)
    if (present && (await isContent(present, address, size))) return
    // Each lookup is a round trip to the browser. Content of one part never has a folder of parts.
    const inParts = addressParts(address) > 1
    if (inParts && !present) {
      const parts = new Blob((await partFiles(folder, address)).map(({ file }) => file))
      if (await isContent(parts, address, size)) return
    }
    if (present) await removeIn(folder.contents, address)
    await temp.move(folder.contents, address)
    if (inParts) await removeIn(folder.contents, address + PARTS_SUFFIX)
    await removeFragments(folder, address)
  })

/** Hashes the existing file: it may be damaged or unreadable since it was written. */
const isContent = async (blob: Blob, address: ContentAddress, size: number): Promise<boolean> => {
  if (blob.size !== size) return false
  try {
    return (await hashContent(blob.stream())).address === address
  } catch {
    return false
  }
}

const commitPart = (folder: StoreFolder, temp: TempFile, address: ContentAddress, number: number): Promise<void> =>
  exclusively(folder, address, async () => {
    if (await findPart(folder, address, number)) return
    const single = addressParts(address) === 1
    const directory = single
      ? folder.contents
      : await folder.contents.getDirectoryHandle(address + PARTS_SUFFIX, { create: true })
    const name = single ? address : String(number)
    await removeIn(directory, name)
    await temp.move(directory, name)
    await removeFragments(folder, address, number)
  })

/** @returns of how many contents that are whole again damaged bytes were removed */
const sweepDamaged = async (folder: StoreFolder): Promise<number> => {
  let removed = 0
  for (const address of await allAside(folder)) {
    await exclusively(folder, address, async () => {
      if (!(await openContent(folder, address))) return
      await removeAside(folder, address)
      removed++
    })
  }
  return removed
}

/** @returns of how many contents that are whole fragments were removed: a kill after the last part was written leaves them */
const sweepFragments = async (folder: StoreFolder): Promise<number> => {
  let removed = 0
  for (const address of new Set((await allFragments(folder)).map(({ address }) => address))) {
    await exclusively(folder, address, async () => {
      if (!(await openContent(folder, address))) return
      await removeFragments(folder, address)
      removed++
    })
  }
  return removed
}

const assertPart = (address: ContentAddress, number: number, bytes: Uint8Array): void => {
  const plausible =
    addressParts(address) === 1
      ? number === 1 && plausibleContent(address, bytes.length)
      : plausiblePart(address, number, bytes.length)
  if (!plausible) {
    throw new RockpoolError('bad_request', `${address} has no part ${number} of ${bytes.length} bytes.`)
  }
}

export const storeClosed = (): RockpoolError =>
  new RockpoolError('closed', 'The blob store was closed. Open the pool again.')
