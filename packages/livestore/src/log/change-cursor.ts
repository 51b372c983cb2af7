/**
 * The position of a reader of changes in `rockpool_applied_operations`, in a form that survives a rebase.
 *
 * A rebase rolls back pending operations and applies them again behind others, so the same seq then names another
 * operation. The cursor therefore remembers which operation it saw at some places: the last ones, and then at distances
 * that double. After a rebase the reader resumes at the last place before the first that differs.
 */
import type { ChangeCursor } from '@rockpool/core'
import type { OperationRow } from '../records/rows.ts'

/** Places remembered one by one; a rebase of more pending operations costs up to twice their number in repeated reads. */
const LAST = 16

/** The places to remember when standing at `seq`, ascending: the last 16, then 32, 64, 128 … back. */
export const placesToRemember = (seq: number): readonly number[] => {
  const places: number[] = []
  for (let back = 0; seq - back > 0; back = back < LAST ? back + 1 : back * 2) places.push(seq - back)
  return places.reverse()
}

export const writeCursor = (places: readonly OperationRow[]): ChangeCursor =>
  JSON.stringify(places.map(({ seq, opId, subject }) => [seq, opId, subject])) as ChangeCursor

/** The remembered places, ascending; none for a cursor of another format, so that the reader starts over. */
export const readCursor = (cursor: ChangeCursor | undefined): readonly OperationRow[] => {
  if (cursor === undefined) return []
  try {
    return (JSON.parse(cursor) as [number, string, string][]).map(([seq, opId, subject]) => ({ seq, opId, subject }))
  } catch {
    return []
  }
}

/**
 * Where to resume, and which subjects were rolled back.
 *
 * @param places what the cursor remembers, ascending
 * @param opIdAt the operation that is at a place now
 */
export const resumeAt = (
  places: readonly OperationRow[],
  opIdAt: (seq: number) => string | undefined,
): { readonly seq: number; readonly rolledBack: readonly string[] } => {
  // Ascending, up to the first difference: a place behind it may match by chance, when an operation came twice.
  const differs = places.findIndex(({ seq, opId }) => opIdAt(seq) !== opId)
  if (differs === -1) return { seq: places.at(-1)?.seq ?? 0, rolledBack: [] }
  return { seq: places[differs - 1]?.seq ?? 0, rolledBack: places.slice(differs).map(({ subject }) => subject) }
}
