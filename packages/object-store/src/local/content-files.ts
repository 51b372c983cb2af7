/**
 * The files that hold the bytes: written once, under a random name, complete on disk before the database references them, each
 * with a trailer that identifies it (content-trailer.ts).
 */
import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, type FileHandle, lstat, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { equalBytes, toHex } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import { exactBody } from '../exact-body.ts'
import type { ObjectBody } from '../object-store.ts'
import { type ContentIdentity, encodeTrailer } from './content-trailer.ts'
import { asStoreError } from './disk-errors.ts'

/** Bytes per read: large enough that the thread pool's round trip does not count. */
const READ_SIZE = 256 * 1024

/** Free bytes that are left to the databases: on a full disk not even a delete could make room. */
const DISK_HEADROOM = 64 * 1024 * 1024

export interface WrittenFile {
  readonly file: string
  readonly sha256: Uint8Array<ArrayBuffer>
  /** bytes of the file, with its trailer */
  readonly length: number
}

export interface WriteOptions {
  /** bytes of the body */
  readonly size: number
  /** what the file is written for */
  readonly identity: Omit<ContentIdentity, 'size' | 'sha256'>
  readonly sha256?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

/** Outcome for files that the database does not reference. */
export interface Sweep {
  readonly removed: number
  /** moved to `quarantine/`: the database never knew them, and it may be the database that is wrong */
  readonly quarantined: number
}

/** A file whose write is not complete: no call has returned it yet. */
const PARTIAL = '.partial'

/** A stretch of one file: offsets in bytes, `end` exclusive. */
export interface FileSpan {
  readonly file: string
  /** of the whole file: of another one it is damaged */
  readonly length: number
  readonly start: number
  readonly end: number
}

export class ContentFiles {
  readonly #folder: string
  /** files under way: being written, or not yet in the database */
  readonly #live = new Set<string>()
  /** bytes reserved for writes under way */
  #reserved = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Opens the folder, making it when it is missing: 256 folders, so that none grows too large for tools. */
  static async open(folder: string): Promise<ContentFiles> {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    await makePrivate(folder)
    if (made !== undefined || (await readdir(folder)).length < 256) {
      for (let i = 0; i < 256; i++) await mkdir(join(folder, shardName(i)), { recursive: true, mode: 0o700 })
    }
    // Always: a process that was killed here may have made them, and not synced their names.
    await syncFolder(folder)
    await syncFolder(dirname(folder))
    return new ContentFiles(folder)
  }

  /**
   * Writes a body to a new file, and syncs it. Call {@link settle} when the database references the file, or {@link remove}.
   *
   * @throws ObjectStoreError what `put` throws
   */
  async write(body: ObjectBody, options: WriteOptions): Promise<WrittenFile> {
    const name = randomBytes(16).toString('hex')
    const file = `${name.slice(0, 2)}/${name}`
    this.#live.add(file)
    let reserved = 0
    try {
      await this.#reserveSpace(options.size)
      reserved = options.size
      const written = await this.#fill(`${file}${PARTIAL}`, body, options, (written) => {
        reserved -= written
        this.#reserved -= written
      })
      await rename(join(this.#folder, `${file}${PARTIAL}`), join(this.#folder, file))
      await syncFolder(join(this.#folder, name.slice(0, 2)))
      return { file, ...written }
    } catch (error) {
      await this.remove([`${file}${PARTIAL}`, file])
      throw asStoreError(error)
    } finally {
      this.#reserved -= reserved
    }
  }

  async #fill(
    file: string,
    body: ObjectBody,
    options: WriteOptions,
    onWritten: (bytes: number) => void,
  ): Promise<Omit<WrittenFile, 'file'>> {
    const hash = createHash('sha256')
    const handle = await open(join(this.#folder, file), 'wx', 0o600)
    try {
      for await (const chunk of exactBody(body, options.size, options.signal)) {
        const written = writeAll(handle, chunk)
        // Hashing overlaps with the write.
        hash.update(chunk)
        await written
        onWritten(chunk.length)
      }
      const sha256 = new Uint8Array(hash.digest())
      if (options.sha256 && !equalBytes(sha256, options.sha256)) {
        throw new ObjectStoreError('digest_mismatch', 'The body is not the one whose SHA-256 was announced.')
      }
      const trailer = encodeTrailer({ ...options.identity, size: options.size, sha256: toHex(sha256) })
      await writeAll(handle, trailer)
      await handle.sync()
      return { sha256, length: options.size + trailer.length }
    } finally {
      await handle.close()
    }
  }

  /** Marks the file as referenced by the database. */
  settle(file: string): void {
    this.#live.delete(file)
  }

  /** Removes files. Ignores missing ones: a sweep may have been first. */
  async remove(files: readonly string[]): Promise<void> {
    for (const file of files) {
      await unlink(join(this.#folder, file)).catch(() => {})
      this.#live.delete(file)
    }
  }

  /**
   * Streams spans one after the other. Opens the first file immediately, the others when they are reached.
   *
   * @param onEnd called once, when the stream was read to its end, cancelled, or failed
   */
  async read(spans: readonly FileSpan[], onEnd: () => void): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const chunks = this.#chunks(spans)
    let ahead: Promise<IteratorResult<Uint8Array<ArrayBuffer>>>
    try {
      ahead = Promise.resolve(await chunks.next())
    } catch (error) {
      onEnd()
      throw error
    }
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          try {
            const { done, value } = await ahead
            if (done) {
              onEnd()
              return controller.close()
            }
            // Read ahead while this chunk is being sent.
            ahead = chunks.next()
            ahead.catch(() => {})
            controller.enqueue(value)
          } catch (error) {
            onEnd()
            throw error
          }
        },
        async cancel() {
          await ahead.catch(() => {})
          await chunks.return().catch(() => {})
          onEnd()
        },
      },
      { highWaterMark: 0 },
    )
  }

  async *#chunks(spans: readonly FileSpan[]): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    for (const span of spans) {
      let handle: FileHandle | undefined
      try {
        handle = await openRegular(join(this.#folder, span.file), span.length)
        for (let at = span.start; at < span.end;) {
          const buffer = new Uint8Array(Math.min(READ_SIZE, span.end - at))
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
          if (bytesRead === 0) {
            throw damaged(span.file)
          }
          at += bytesRead
          yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead)
        }
      } catch (error) {
        throw asStoreError(error)
      } finally {
        await handle?.close()
      }
    }
  }

  /** Whether a file has the length that it was written with. Follows no symlink. */
  async isWhole({ file, length }: { readonly file: string; readonly length: number }): Promise<boolean> {
    const stats = await lstat(join(this.#folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
      throw error
    })
    return stats !== undefined && stats.isFile() && stats.size === length
  }

  /** Moves files to `quarantine`. Ignores missing ones. */
  async setAside(files: readonly string[], quarantine: string): Promise<void> {
    await mkdir(quarantine, { recursive: true, mode: 0o700 })
    for (const file of files) {
      await rename(join(this.#folder, file), join(quarantine, basename(file))).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }

  /**
   * Finds files that neither the database nor a write under way references. Incomplete files, and those that the database
   * had removed, are deleted. All others are moved to `quarantine`: an index restored from a backup lacks later writes.
   */
  async sweep(
    rows: { readonly isNamed: (file: string) => boolean; readonly isRemoval: (file: string) => boolean },
    quarantine: string,
    signal: AbortSignal,
  ): Promise<Sweep> {
    let [removed, quarantined] = [0, 0]
    for (let i = 0; i < 256; i++) {
      for (const name of await readdir(join(this.#folder, shardName(i)))) {
        if (signal.aborted) return { removed, quarantined }
        const file = `${shardName(i)}/${name}`
        if (this.#live.has(file.replace(PARTIAL, '')) || rows.isNamed(file)) continue
        if (name.endsWith(PARTIAL) || rows.isRemoval(file)) {
          await this.remove([file])
          removed++
        } else {
          await this.setAside([file], quarantine)
          quarantined++
        }
      }
    }
    return { removed, quarantined }
  }

  /** @throws ObjectStoreError `no_space`, and errors of the file system when files cannot be written */
  async probe(): Promise<void> {
    await access(this.#folder, constants.W_OK)
    await this.#reserveSpace(0)
  }

  /** Reserves disk space for a write, which releases it as it writes or fails. */
  async #reserveSpace(size: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize < size + this.#reserved + DISK_HEADROOM) {
      throw new ObjectStoreError(
        'no_space',
        'The disk of the storage folder has less than 64 MiB of free space left for this write. Free some space.',
      )
    }
    // Without an await in between: concurrent writes must see the reservation.
    this.#reserved += size
  }
}

/** Makes a folder accessible to its owner only. */
export const makePrivate = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700).catch((error: NodeJS.ErrnoException) => {
    // A volume of another user that is shared with this one.
    if (error.code !== 'EPERM') throw error
  })
}

/** Opens a file, which must have this length. Follows no symlink: a planted one could expose any file. */
const openRegular = async (path: string, length: number): Promise<FileHandle> => {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ELOOP') throw damaged(path, error)
    throw error
  })
  const stats = await handle.stat()
  if (stats.isFile() && stats.size === length) return handle
  await handle.close()
  throw damaged(path)
}

const damaged = (file: string, cause?: unknown) =>
  new ObjectStoreError(
    'unavailable',
    `The file ${file} is not as it was written. Run "rockpool-server verify", and restore it from a backup.`,
    { cause },
  )

/** A single write may be partial. */
const writeAll = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
}

export const shardName = (i: number): string => i.toString(16).padStart(2, '0')

/** Makes the names in a folder durable (fsync(2): a file's own sync does not cover its directory entry). */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
