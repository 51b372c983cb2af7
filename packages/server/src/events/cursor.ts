/** Where a reader of events is: an event of one log. Pure. */
import { RockpoolError } from '@rockpool/protocol'

export interface Cursor {
  /** random id of the log: numbers of another log mean other events */
  readonly backendId: string
  readonly seqNum: number
}

/** @param cursorId of the log, and of its last restore */
export const formatCursor = (cursorId: string, seqNum: number): string => `${cursorId}.${seqNum}`

/**
 * The number of the event that a reader has seen last.
 *
 * @param text `0` is before the first event
 * @param cursorId of the log that the reader continues with
 * @param head number of the last event of this log
 * @throws RockpoolError `bad_request` for a text that is no cursor, `conflict` for a cursor of another log
 */
export const parseCursor = (text: string, cursorId: string, head: number): number => {
  if (text === '0') return 0
  const [, logId, number] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(text) ?? []
  if (logId === undefined) {
    throw new RockpoolError('bad_request', '"since" has to be the cursor of an event, or 0 for all events.')
  }
  const seqNum = Number(number)
  if (logId === cursorId && seqNum <= head) return seqNum
  throw new RockpoolError(
    'conflict',
    'This cursor is of another log, or of before a restore. List the objects, then read events without "since".',
  )
}
