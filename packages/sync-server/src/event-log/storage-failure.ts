/** Tells an event that cannot be applied from a database that cannot be used. */

/** Result codes of SQLite that speak of one row: TOOBIG, CONSTRAINT, MISMATCH (https://www.sqlite.org/rescode.html). */
const ROW_CODES = new Set([18, 19, 20])
const ROW_MESSAGE = /SQLITE_(?:TOOBIG|CONSTRAINT|MISMATCH)/
const STORAGE_MESSAGE = /SQLITE_[A-Z]+/

/**
 * Whether the storage failed, so that nothing can be stored now, whatever the event. node:sqlite gives the result code, which
 * the adapter keeps in `cause`; a Durable Object only names it in the message.
 */
export const isStorageFailure = (error: unknown): boolean => {
  const { errcode } = origin(error)
  if (errcode !== undefined) return !ROW_CODES.has(errcode & 0xff)
  const message = messageOf(error)
  return STORAGE_MESSAGE.test(message) && !ROW_MESSAGE.test(message)
}

/** What went wrong, in one line. */
export const messageOf = (error: unknown): string => {
  const { message } = origin(error)
  return (message ?? String(error)).replaceAll(/\s+/g, ' ').slice(0, MAX_MESSAGE_LENGTH)
}

const MAX_MESSAGE_LENGTH = 500

/** The error of SQLite below an EventLogError, else the error itself. */
const origin = (error: unknown): { readonly errcode?: number; readonly message?: string } =>
  error instanceof Error && error.cause instanceof Error ? error.cause : (error as object)
