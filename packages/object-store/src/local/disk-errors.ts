/** Maps errors of the file system and SQLite to errors of the store. */
import { ObjectStoreError } from '../errors.ts'

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const SQLITE_FULL = 13

/** Whether an error of the file system, or of SQLite, means that there is no room left. */
export const isFull = (error: unknown): boolean => {
  const { code, errcode } = error as NodeJS.ErrnoException & { readonly errcode?: number }
  return NO_SPACE.has(code ?? '') || errcode === SQLITE_FULL
}

/** Errors of the disk as errors of the store; those that are already stay as they are. */
export const asStoreError = (error: unknown): Error => {
  if (error instanceof ObjectStoreError) return error
  if (isFull(error)) {
    return new ObjectStoreError('no_space', 'The disk of the storage folder is full. Free some space.', {
      cause: error,
    })
  }
  const reason = (error as NodeJS.ErrnoException).code ?? error
  return new ObjectStoreError('unavailable', `The storage folder cannot be used (${reason}).`, { cause: error })
}
