/** By what a redacted event is recognized when it is pushed again. Pure. */
import { EVENT_NAMES, isId, isJsonDeeperThan, isText } from '@rockpool/core/records'
import { MAX_CLIENT_ID_LENGTH } from '@rockpool/access'
import { isSameCommit, type LogEvent } from '../event-log/event.ts'

/** JSON texts, so that any id can be stored. Undefined where the gate refuses such an event anyway. */
export interface Marks {
  /**
   * Of Rockpool's events: their opId. Devices that applied the original ignore every event with it, and others would not:
   * with other args it must not come back either.
   */
  readonly operation?: string
  /** Of Rockpool's events: the id of the file. */
  readonly file?: string
  /** Of all others: their author and name. Equal marks are not yet the same event: args count, too. */
  readonly commit?: string
}

const POOL_NAMES: ReadonlySet<string> = new Set(EVENT_NAMES)

/** Levels of args that are compared: comparing recurses. No push with more levels is taken (`toJsonText`). */
const MAX_LEVELS = 501

export const marksOf = (event: LogEvent): Marks => {
  const { name, argsJson, clientId, sessionId } = event
  const args = parseArgs(argsJson)
  if ('problem' in args) return {}
  if (POOL_NAMES.has(name)) {
    const { opId, id } = Object(args.value) as { readonly opId?: unknown; readonly id?: unknown }
    return {
      ...(isId(opId) && { operation: JSON.stringify(opId) }),
      ...(isId(id) && { file: JSON.stringify(id) }),
    }
  }
  if (!isText(clientId, MAX_CLIENT_ID_LENGTH) || !isText(sessionId, MAX_CLIENT_ID_LENGTH)) return {}
  return { commit: JSON.stringify([name, clientId, sessionId]) }
}

/** What was redacted, by its marks. */
export interface Redacted {
  hasOperation(mark: string): boolean
  /** of a file that a redaction took out of the log */
  hasFile(mark: string): boolean
  commits(mark: string): readonly LogEvent[]
}

/** Whether an event repeats a redacted one, or changes a file that was redacted. A delete of such a file may pass. */
export const bringsBack = (event: LogEvent, redacted: Redacted): boolean => {
  const { operation, file, commit } = marksOf(event)
  return (
    (operation !== undefined && redacted.hasOperation(operation)) ||
    // Devices that applied the original have the file in their trash, and others have none: only these would see it again.
    (event.name !== 'v2.FileDeleted' && file !== undefined && redacted.hasFile(file)) ||
    (commit !== undefined && redacted.commits(commit).some((original) => isSameCommit(event, original)))
  )
}

/** Args from a log that another server wrote: any text. */
export const parseArgs = (
  argsJson: string | undefined,
): { readonly value: unknown } | { readonly problem: 'too_deep' | 'no_json' } => {
  if (argsJson === undefined) return { value: undefined }
  if (isJsonDeeperThan(argsJson, MAX_LEVELS)) return { problem: 'too_deep' }
  try {
    return { value: JSON.parse(argsJson) as unknown }
  } catch {
    return { problem: 'no_json' }
  }
}
