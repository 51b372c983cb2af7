/** Content as rows and files. Files stay while they have readers. */
import type { ByteSpan } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import type { ContentFiles } from './content-files.ts'
import type { LocalDatabase } from './database.ts'
import { isFull } from './disk-errors.ts'

/** Files checked in parallel. */
const PARALLEL = 32

export interface CommitOptions {
  /** runs in the transaction that stores the object; nothing is stored when it throws */
  readonly requireAllowed?: () => void
}

export class LocalContents {
  readonly #database: LocalDatabase
  readonly #files: ContentFiles
  /** content to the number of its readers */
  readonly #readers = new Map<string, number>()
  /** files of removed contents that still have readers */
  readonly #doomed = new Map<string, readonly string[]>()
  /** removed files, whose rows in `removals` are deleted with the next commit */
  #gone: string[] = []

  constructor(database: LocalDatabase, files: ContentFiles) {
    this.#database = database
    this.#files = files
  }

  /**
   * Commits written files and changes to the database in one transaction.
   *
   * @param files written for this; removed when the transaction certainly failed
   * @param work the change; returns content that no key references any more
   */
  async commit(files: readonly string[], work: () => readonly string[]): Promise<void> {
    let removed: (readonly [content: string, files: readonly string[]])[]
    let worked = false
    const gone = this.#gone
    try {
      removed = this.#database.transaction(() => {
        const unnamed = work().map((content) => [content, this.#database.deleteParts(content)] as const)
        for (const [, its] of unnamed) this.#database.putRemovals(its)
        this.#database.deleteRemovals(gone)
        worked = true
        return unnamed
      })
      this.#gone = []
    } catch (error) {
      // A COMMIT whose sync failed may still be in the log, and reference these files after a crash: they
      // are left to the next start's sweep. A full disk fails before the log is complete (sqlite3WalFrames).
      if (!worked || isFull(error)) await this.#files.remove(files)
      throw error
    }
    for (const file of files) this.#files.settle(file)
    for (const [content, its] of removed) {
      if (this.#readers.has(content)) this.#doomed.set(content, its)
      else await this.remove(its)
    }
  }

  /** Removes files that the database lists in `removals`. */
  async remove(files: readonly string[]): Promise<void> {
    await this.#files.remove(files)
    this.#gone.push(...files)
  }

  /** Whether the files of content, or those of a stretch of it, have the lengths that they were written with. */
  async isWhole(content: string, span?: ByteSpan): Promise<boolean> {
    const parts =
      span && span.end > span.start
        ? this.#database.partsBetween(content, span.start, span.end)
        : this.#database.parts(content)
    this.#hold(content)
    try {
      for (let i = 0; i < parts.length; i += PARALLEL) {
        const whole = await Promise.all(parts.slice(i, i + PARALLEL).map((part) => this.#files.isWhole(part)))
        if (whole.includes(false)) return false
      }
      return parts.length > 0
    } finally {
      this.#release(content)
    }
  }

  /**
   * Streams a range of content. A concurrent removal waits until the stream ends.
   *
   * @throws ObjectStoreError `not_found` when its files are gone, or have other lengths than they were written with
   */
  async read(content: string, span: ByteSpan): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { start, end } = span
    const spans = this.#database.partsBetween(content, start, end).map((part) => ({
      file: part.file,
      length: part.length,
      start: Math.max(0, start - part.start),
      end: Math.min(part.size, end - part.start),
    }))
    this.#hold(content)
    let reading = true
    const onEnd = () => {
      if (reading) this.#release(content)
      reading = false
    }
    const isComplete = spans.reduce((sum, part) => sum + part.end - part.start, 0) === end - start
    try {
      if (!isComplete || !(await this.isWhole(content, span))) throw damagedContent()
    } catch (error) {
      onEnd()
      throw error
    }
    return this.#files.read(spans, onEnd)
  }

  /** Keeps the files of content until {@link #release}. */
  #hold(content: string): void {
    this.#readers.set(content, (this.#readers.get(content) ?? 0) + 1)
  }

  #release(content: string): void {
    const readers = this.#readers.get(content)! - 1
    if (readers > 0) return void this.#readers.set(content, readers)
    this.#readers.delete(content)
    const doomed = this.#doomed.get(content)
    if (!doomed) return
    this.#doomed.delete(content)
    void this.remove(doomed)
  }
}

/** Damaged content counts as missing: a client that has the bytes may send them again, and a hybrid store fetches them from S3. */
export const damagedContent = () =>
  new ObjectStoreError(
    'not_found',
    'The bytes of this object are gone or damaged. Send it again, or restore it from a backup.',
  )
