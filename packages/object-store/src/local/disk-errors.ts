/** Maps errors of the file system and SQLite to errors of the store. */
import { ObjectStoreError } from '../errors.ts'

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const SQLITE_FULL = 13

/** Whether an error of the file system, or of SQLite, means that there is no room left. */
export const isFull = (error: unknown): boolean => {
  const { code, errcode } = error as NodeJS.ErrnoException & { readonly errcode?: number }
  return NO_SPACE.has(code ?? '') || errcode === SQLITE_FULL
}

/** EBADMSG, EUCLEAN: file systems with checksums. */
const UNREADABLE = new Set(['EIO', 'EBADMSG', 'EUCLEAN'])

/** Whether the disk cannot read a sector of one file. Others may be whole. */
export const isUnreadable = (error: unknown): boolean => {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (UNREADABLE.has((at as NodeJS.ErrnoException).code ?? '')) return true
  }
  return false
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Whether a file is no database of SQLite any more. */
export const isDamagedDatabase = (error: unknown): boolean =>
  [SQLITE_CORRUPT, SQLITE_NOTADB].includes((error as { readonly errcode?: number }).errcode ?? 0)

/** Errors of the disk as errors of the store; those that are already stay as they are. */
export const asStoreError = (error: unknown): Error => {
  if (error instanceof ObjectStoreError) return error
  if (isFull(error)) {
    return new ObjectStoreError('no_space', 'The disk of the storage folder is full. Free some space.', {
      cause: error,
    })
  }
  if (isDamagedDatabase(error)) {
    const message = 'A database of the storage folder is damaged. Stop the server, and run: rockpool-server rebuild'
    return new ObjectStoreError('unavailable', message, { cause: error })
  }
  const reason = (error as NodeJS.ErrnoException).code ?? error
  return new ObjectStoreError('unavailable', `The storage folder cannot be used (${reason}).`, { cause: error })
}
