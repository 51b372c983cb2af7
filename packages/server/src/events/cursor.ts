/** Where a reader of events is: an event of one log. Pure. */
import { RockpoolError } from '@rockpool/protocol'

export interface Cursor {
  /** random id of the log: numbers of another log mean other events */
  readonly backendId: string
  readonly seqNum: number
}

export const formatCursor = ({ backendId, seqNum }: Cursor): string => `${backendId}.${seqNum}`

/**
 * The number of the event that a reader has seen last.
 *
 * @param text `0` is before the first event
 * @param log that the reader continues with; `seqNum` of its last event
 * @throws RockpoolError `bad_request` for a text that is no cursor, `conflict` for a cursor of another log
 */
export const parseCursor = (text: string, log: Cursor): number => {
  if (text === '0') return 0
  const [, backendId, number] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(text) ?? []
  if (backendId === undefined) {
    throw new RockpoolError('bad_request', '"since" has to be the cursor of an event, or 0 for all events.')
  }
  const seqNum = Number(number)
  if (backendId === log.backendId && seqNum <= log.seqNum) return seqNum
  throw new RockpoolError(
    'conflict',
    'This cursor belongs to another log, such as one before a restore. List the objects, then read events without "since".',
  )
}
