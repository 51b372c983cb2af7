/** `requests/<id>/metadata/logs/`: append-only logs of stages, one object for each flush. */
import { type ArtifactKey, PART_SIZE, parseArtifactKey, sha256, toHex } from '@rockpool/protocol'
import { concat } from './chunks.ts'
import { ArtifactError, isArtifactError } from './errors.ts'
import { storedAddress } from './address-of-stored.ts'
import { logKey, requestPrefix } from './keys.ts'
import type { CallOptions } from './request-state.ts'
import type { Runtime } from './runtime.ts'
import type { ArtifactStorage } from './storage/storage.ts'

export interface RequestLog {
  /** Keeps a record in memory until `flush`. @throws ArtifactError `bad_argument` when it is not JSON */
  append(record: object): void
  /** Writes what was appended as one object; nothing when there is none. What could not be written is kept. */
  flush(options?: CallOptions): Promise<void>
}

export interface LogRecord {
  readonly stage: string
  /** when its writer began, `20261126T195959123Z` */
  readonly timestamp: string
  readonly record: unknown
}

/** @throws ArtifactError `bad_key` */
export const openLog = (
  storage: ArtifactStorage,
  { now }: Pick<Runtime, 'now'>,
  requestId: string,
  stage: string,
): RequestLog => {
  const at = now()
  let n = 0
  let lines: string[] = []
  /** how many of the first lines a flush that failed may have written */
  let unconfirmed = 0
  let flushing = Promise.resolve()
  // For its error now, not at the first flush.
  logKey({ requestId, stage, at, n })

  const writeLines = async ({ signal }: CallOptions) => {
    while (lines.length > 0) {
      const isRepeated = unconfirmed > 0
      // The same lines again, so that they are recognized: with others behind them they would be there twice.
      if (!isRepeated) unconfirmed = linesOfOneObject(lines)
      await writeObject(new TextEncoder().encode(lines.slice(0, unconfirmed).join('')), isRepeated, signal)
      lines = lines.slice(unconfirmed)
      unconfirmed = 0
    }
  }

  const writeObject = async (bytes: Uint8Array<ArrayBuffer>, isRepeated: boolean, signal: AbortSignal | undefined) => {
    const digest = await sha256(bytes)
    for (let isWritten = false; !isWritten; n++) {
      const key = logKey({ requestId, stage, at, n })
      try {
        await storage.write(key, bytes, { type: 'application/jsonl', sha256: digest, precondition: 'absent' }, signal)
        isWritten = true
      } catch (error) {
        if (!isArtifactError(error, 'changed')) throw error
        // Of another writer that began in the same millisecond, whatever its bytes are.
        if (!isRepeated && !error.mayBeOwn) continue
        // Or of this one: an attempt whose response was lost.
        const present = await storedAddress(storage, key, await storage.head(key, signal), signal)
        isWritten = present === toHex(digest)
      }
    }
  }

  return {
    append: (record) => {
      const line = `${JSON.stringify(record)}\n`
      if (line[0] !== '{') throw new ArtifactError('bad_argument', 'The record is not JSON. Pass a plain object.')
      if (utf8Length(line) > PART_SIZE) {
        throw new ArtifactError(
          'bad_argument',
          'The record has over 8 MiB. Store the data as an artifact, and log its reference.',
        )
      }
      lines.push(line)
    },
    flush: (options = {}) => {
      const written = flushing.then(() => writeLines(options))
      flushing = written.catch(() => {})
      return written
    },
  }
}

/** How many of the first lines fit into one part (8 MiB). */
const linesOfOneObject = (lines: readonly string[]): number => {
  let size = 0
  const end = lines.findIndex((line) => (size += utf8Length(line)) > PART_SIZE)
  return end === -1 ? lines.length : end
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length

/**
 * All records, by the time when their writer began, then as they were appended.
 *
 * @throws ArtifactError `bad_key`, `malformed`, and what the storage throws
 */
export async function* readLogs(
  storage: ArtifactStorage,
  requestId: string,
  stage: string | undefined,
  { signal }: CallOptions = {},
): AsyncGenerator<LogRecord, void, undefined> {
  if (stage !== undefined) logKey({ requestId, stage, at: 0, n: 0 })
  const prefix = `${requestPrefix(requestId)}metadata/logs/`
  const files: { readonly key: ArtifactKey; readonly stage: string; readonly timestamp: string; readonly n: number }[] =
    []
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await storage.list(prefix, cursor, signal)
    for (const { key } of page.objects) {
      const parts = parseArtifactKey(key)
      if (parts?.kind === 'log' && (stage === undefined || parts.stage === stage))
        files.push({ ...parts, key: key as ArtifactKey })
    }
    cursor = page.cursor
  }
  files.sort((a, b) => (a.timestamp === b.timestamp ? a.n - b.n : a.timestamp < b.timestamp ? -1 : 1))
  for (const { key, stage, timestamp } of files) {
    for (const record of await readRecords(storage, key, signal)) yield { stage, timestamp, record }
  }
}

const readRecords = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  signal: AbortSignal | undefined,
): Promise<unknown[]> => {
  const { chunks } = await storage.read(key, { start: 0, end: PART_SIZE }, undefined, signal)
  try {
    const lines = new TextDecoder('utf-8', { fatal: true }).decode(concat(chunks)).split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  } catch (cause) {
    throw new ArtifactError('malformed', `${key} is not JSON Lines. It is no log of this client; remove it.`, { cause })
  }
}
