/** Contents as the rows and files that they are made of, kept as long as somebody reads them. */
import type { ByteSpan } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import type { ContentFiles } from './content-files.ts'
import type { LocalDatabase } from './database.ts'
import { isFull } from './disk-errors.ts'

export class LocalContents {
  readonly #database: LocalDatabase
  readonly #files: ContentFiles
  /** content to the number of its readers */
  readonly #readers = new Map<string, number>()
  /** files of removed contents that still have readers */
  readonly #doomed = new Map<string, readonly string[]>()

  constructor(database: LocalDatabase, files: ContentFiles) {
    this.#database = database
    this.#files = files
  }

  /**
   * Makes written files and changes to the database true in one transaction.
   *
   * @param files written for it; removed when it certainly failed
   * @param work the change; it returns contents that no key names any more
   */
  async commit(files: readonly string[], work: () => readonly string[]): Promise<void> {
    let removed: (readonly [content: string, files: readonly string[]])[]
    let worked = false
    try {
      removed = this.#database.transaction(() => {
        const unnamed = work().map((content) => [content, this.#database.deleteParts(content)] as const)
        worked = true
        return unnamed
      })
    } catch (error) {
      // A COMMIT that failed when it was synced may be in the log all the same, and name these files after a crash: they
      // are left to the next start's sweep. A full disk is told before the log has the end of it (sqlite3WalFrames).
      if (!worked || isFull(error)) await this.#files.remove(files)
      throw error
    }
    for (const file of files) this.#files.settle(file)
    for (const [content, its] of removed) {
      if (this.#readers.has(content)) this.#doomed.set(content, its)
      else await this.#files.remove(its)
    }
  }

  /** Streams a stretch of a content; what is removed meanwhile stays until the stream ends. */
  async read(content: string, { start, end }: ByteSpan): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const parts = this.#database.partsBetween(content, start, end)
    const spans = parts.map((part) => ({
      file: part.file,
      start: Math.max(0, start - part.start),
      end: Math.min(part.size, end - part.start),
    }))
    if (spans.reduce((sum, span) => sum + span.end - span.start, 0) !== end - start) {
      throw new ObjectStoreError('unavailable', 'The storage folder is damaged. Restore it from a backup.')
    }
    this.#readers.set(content, (this.#readers.get(content) ?? 0) + 1)
    let reading = true
    return this.#files.read(spans, () => {
      if (reading) this.#release(content)
      reading = false
    })
  }

  #release(content: string): void {
    const readers = this.#readers.get(content)! - 1
    if (readers > 0) return void this.#readers.set(content, readers)
    this.#readers.delete(content)
    const doomed = this.#doomed.get(content)
    if (!doomed) return
    this.#doomed.delete(content)
    void this.#files.remove(doomed)
  }
}
