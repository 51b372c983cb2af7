/** Rebuilds the index of a folder from a former index and from the trailers of files that it lacks. */
import { createHash, randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOfDigests, DIGEST_SIZE, parseRemoteKey } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import { throwIfAborted } from '../exact-body.ts'
import { compareAgain } from '../hybrid/replication-state.ts'
import { ContentFiles, shardName, syncFolder } from './content-files.ts'
import { type ContentIdentity, readTrailer } from './content-trailer.ts'
import { type LocalDatabase, openDatabase, type PartRow, type UploadRow } from './database.ts'
import { asStoreError, isDamagedDatabase, isUnreadable } from './disk-errors.ts'
import { advanceGeneration } from './generation.ts'

export interface RebuildProgress {
  /** files checked, and their total */
  readonly files: number
  readonly total: number
  /** bytes hashed */
  readonly bytes: number
}

export interface RebuildOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RebuildProgress) => void
}

export interface RebuildReport {
  /** objects that the index names now */
  readonly objects: number
  /** files that the former index did not name, and this one does */
  readonly recoveredFiles: number
  /** keys of the former index whose bytes are gone or damaged: send or restore them */
  readonly lost: readonly string[]
  /** files that no index names: former versions, damaged ones, and those without a trailer. The next start moves them to `quarantine/` */
  readonly unnamedFiles: number
}

/**
 * Rebuilds `index.sqlite` of a store's folder, which no process may have open. Restores objects that only files know, those
 * in `quarantine/` too, after hashing each. The former index is kept in `quarantine/`.
 *
 * Keys made by `copy` are in no file, only in the former index. An object that was deleted while its file was being read
 * may come back; garbage collection deletes it again.
 *
 * @param directory the folder that the store was opened with
 * @throws ObjectStoreError `misconfigured` when it holds no store, `locked`, `aborted`, `unavailable`: the index is as it was
 */
export const rebuild = async (directory: string, options: RebuildOptions = {}): Promise<RebuildReport> => {
  const [contents, quarantine] = [join(directory, 'contents'), join(directory, 'quarantine')]
  const [index, building] = [join(directory, 'index.sqlite'), join(directory, 'index.sqlite.rebuilding')]
  if (!existsSync(contents)) {
    throw new ObjectStoreError('misconfigured', `There is no store in the folder ${directory}. Correct its path.`)
  }
  try {
    await mkdir(quarantine, { recursive: true, mode: 0o700 })
    await removeDatabase(building)
    // Its lock keeps servers out until the new index is complete.
    const former = existsSync(index) ? openFormer(index) : undefined
    let report: RebuildReport
    try {
      former?.copyTo(building)
      report = await fill(building, directory, options)
    } finally {
      former?.close()
    }
    // A copy, so that a kill leaves the folder with one index or the other.
    if (existsSync(index)) await copyFile(index, join(quarantine, `index-${Date.now()}.sqlite`))
    // SQLite would apply the log of a former index that is gone or unreadable to the new one.
    for (const end of ['-wal', '-shm']) await rm(`${index}${end}`, { force: true })
    await rename(building, index)
    await syncFolder(directory)
    await forgetCompared(join(directory, 'hybrid.sqlite'), quarantine)
    return report
  } catch (error) {
    throw asStoreError(error)
  } finally {
    await removeDatabase(building)
  }
}

/**
 * Has the folder compared with S3 at the next start. A damaged file of notes is set aside: the comparison finds what it knew, but
 * for the identity of the S3 bucket.
 */
const forgetCompared = async (path: string, quarantine: string): Promise<void> => {
  try {
    compareAgain(path)
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error
    await rename(path, join(quarantine, `hybrid-${Date.now()}.sqlite`))
    for (const end of ['-wal', '-shm']) await rm(`${path}${end}`, { force: true })
  }
}

/** Undefined when it cannot be read: it counts as lost. */
const openFormer = (index: string): LocalDatabase | undefined => {
  try {
    return openDatabase(index)
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error
    return undefined
  }
}

/** Fills the new index, which begins as a copy of the former one. */
const fill = async (
  building: string,
  directory: string,
  { signal, onProgress }: RebuildOptions,
): Promise<RebuildReport> => {
  const [contents, quarantine] = [join(directory, 'contents'), join(directory, 'quarantine')]
  const files = await ContentFiles.open(contents)
  const database = openDatabase(building)
  try {
    // Used only once it is complete; a kill before leaves the former one.
    database.setSynced(false)
    const lost = await removeDamaged(database, files, signal)
    const found = await filesIn(contents, quarantine)
    let [looked, recoveredFiles, unnamedFiles, bytes] = [0, 0, 0, 0]
    for (const { path, file } of found) {
      throwIfAborted(signal)
      if (!database.hasFile(file)) {
        const identity = await identify(path, signal)
        bytes += identity?.size ?? 0
        if (identity && addFile(database, file, identity)) {
          recoveredFiles++
          if (path !== join(contents, file)) await rename(path, join(contents, file))
        } else unnamedFiles++
      }
      onProgress?.({ files: ++looked, total: found.length, bytes })
    }
    for (const upload of database.allUploads()) await completeProven(database, upload)
    const stillLost = lost.filter((key) => database.object(key) === undefined)
    await advanceGeneration(directory, database)
    database.setSynced(true)
    return { objects: database.countObjects(), recoveredFiles, lost: stillLost, unnamedFiles }
  } finally {
    database.close()
  }
}

/** Removes objects whose files are gone or have another length. @returns their keys */
const removeDamaged = async (database: LocalDatabase, files: ContentFiles, signal?: AbortSignal): Promise<string[]> => {
  const lost: string[] = []
  for (const { key, content } of database.objects()) {
    throwIfAborted(signal)
    const parts = database.parts(content)
    const whole = await Promise.all(parts.map((part) => files.isWhole(part)))
    if (parts.length > 0 && !whole.includes(false)) continue
    lost.push(key)
    if (database.deleteObject(key) !== undefined) database.deleteParts(content)
  }
  for (const { id } of database.allUploads()) {
    for (const part of database.parts(id)) if (!(await files.isWhole(part))) database.deletePart(id, part.number)
  }
  return lost
}

/** All files that may hold content, with their names in `contents/`. */
const filesIn = async (contents: string, quarantine: string) => {
  const found: { readonly path: string; readonly file: string }[] = []
  for (let i = 0; i < 256; i++) {
    for (const name of await readdir(join(contents, shardName(i)))) {
      const file = `${shardName(i)}/${name}`
      if (isContentName(name)) found.push({ path: join(contents, file), file })
    }
  }
  for (const name of await readdir(quarantine)) {
    if (isContentName(name)) found.push({ path: join(quarantine, name), file: `${name.slice(0, 2)}/${name}` })
  }
  return found
}

const isContentName = (name: string): boolean => /^[0-9a-f]{32}$/.test(name)

interface FoundContent extends ContentIdentity {
  readonly length: number
}

/** The identity of a file, if its bytes can be read, and match the digest in its trailer. */
const identify = async (path: string, signal?: AbortSignal): Promise<FoundContent | undefined> => {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ELOOP') return undefined
    throw error
  })
  if (!handle) return undefined
  try {
    const stats = await handle.stat()
    const identity = stats.isFile() ? await readTrailer(handle, stats.size) : undefined
    if (!identity) return undefined
    const hash = createHash('sha256')
    if (identity.size > 0) {
      const bytes = handle.createReadStream({ start: 0, end: identity.size - 1, autoClose: false })
      for await (const chunk of bytes) {
        throwIfAborted(signal)
        hash.update(chunk as Buffer)
      }
    }
    return hash.digest('hex') === identity.sha256 ? { ...identity, length: stats.size } : undefined
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return undefined
  } finally {
    await handle.close()
  }
}

/** Adds a file to the index, unless it has a newer one. @returns whether it was added */
const addFile = (database: LocalDatabase, file: string, identity: FoundContent): boolean => {
  const { key, type, size, sha256, writtenAt, part, length } = identity
  const row = { start: 0, size, sha256: new Uint8Array(Buffer.from(sha256, 'hex')), file, length }
  if (part) {
    const { uploadId, number } = part
    if (database.hasContent(uploadId) || database.part(uploadId, number)) return false
    // Dated now: its client gets 7 days to resume it.
    if (!database.upload(uploadId)) database.putUpload({ id: uploadId, key, type, startedAt: Date.now() })
    database.putPart({ ...row, content: uploadId, number })
    return true
  }
  const present = database.object(key)
  if (present && present.modifiedAt >= writtenAt) return false
  const content = randomBytes(16).toString('hex')
  const unshared = database.deleteObject(key)
  if (unshared !== undefined) database.deleteParts(unshared)
  database.putPart({ ...row, content, number: 1 })
  database.putObject({ key, content, size, type, address: sha256, modifiedAt: writtenAt })
  return true
}

/** Completes an upload whose parts make up the address in its key: it may have been completed after the former index was saved. */
const completeProven = async (database: LocalDatabase, { id, key, type }: UploadRow): Promise<void> => {
  const address = parseRemoteKey(key)?.address
  const parts = database.parts(id)
  if (address === undefined || database.object(key) || (await addressOf(parts)) !== address) return
  database.transaction(() => {
    let size = 0
    for (const part of parts) {
      database.putPart({ ...part, start: size })
      size += part.size
    }
    database.putObject({ key, content: id, size, type, address, modifiedAt: Date.now() })
    database.deleteUpload(id)
  })
}

/** The content address of parts from 1 on, without a gap. */
const addressOf = async (parts: readonly PartRow[]): Promise<string | undefined> => {
  if (parts.length === 0 || parts.some(({ number }, i) => number !== i + 1)) return undefined
  const digests = new Uint8Array(parts.length * DIGEST_SIZE)
  for (const [i, { sha256 }] of parts.entries()) digests.set(sha256, i * DIGEST_SIZE)
  return addressOfDigests(digests)
}

const removeDatabase = async (path: string): Promise<void> => {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true })
}
