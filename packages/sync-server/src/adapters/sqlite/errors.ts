/** Errors of the file system and of SQLite, for the operator of the server. */
import { EventLogError, isEventLogError } from '../../event-log/event-log.ts'

/** Result codes of SQLite: https://www.sqlite.org/rescode.html */
const SQLITE = { BUSY: 5, CORRUPT: 11, FULL: 13, NOTADB: 26 } as const
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** @param what the file or folder, as the subject of a sentence */
export const toLogError = (error: unknown, what: string): Error => {
  if (isEventLogError(error)) return error
  const { code, errcode, message } = error as Error & { readonly code?: string; readonly errcode?: number }
  const options = { cause: error }
  // Extended result codes keep the primary one in their low byte.
  const result = errcode === undefined ? undefined : errcode & 0xff
  if (result === SQLITE.BUSY) {
    return new EventLogError(
      'locked',
      `${what} is in use by another process. Stop that process, or use another folder.`,
      options,
    )
  }
  if (result === SQLITE.CORRUPT || result === SQLITE.NOTADB) return damaged(what, error)
  if (result === SQLITE.FULL || NO_SPACE.has(code ?? '')) {
    return new EventLogError('no_space', `${what} cannot grow: the disk is full. Free some space.`, options)
  }
  return new EventLogError(
    'unavailable',
    `${what} cannot be used (${code ?? message}). Check the disk and its permissions.`,
    options,
  )
}

export const damaged = (what: string, cause?: unknown): EventLogError =>
  new EventLogError('corrupt', `${what} is damaged. Restore it from a backup.`, { cause })
