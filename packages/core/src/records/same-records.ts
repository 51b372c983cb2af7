/** Structural sharing: unchanged records keep their object, so that a change of one file renders one file. Pure. */
import type { FileRecord } from './record.ts'
import { FILE_FIELDS } from './record-fields.ts'

/** Whether two records have the same values. */
export const isSameRecord = (a: FileRecord | undefined, b: FileRecord | undefined): boolean => {
  if (a === b) return true
  if (!a || !b) return false
  const isSame = (field: keyof FileRecord) =>
    a[field] === b[field] || (field === 'meta' && JSON.stringify(a.meta) === JSON.stringify(b.meta))
  return FILE_FIELDS.every(isSame)
}

/** `next`, with the objects of `previous` for unchanged records; `previous` itself if nothing changed. */
export const reuseUnchanged = (previous: readonly FileRecord[], next: readonly FileRecord[]): readonly FileRecord[] => {
  if (previous === next) return previous
  const known = new Map(previous.map((record) => [record.id, record]))
  const kept = next.map((record) => {
    const before = known.get(record.id)
    return before && isSameRecord(before, record) ? before : record
  })
  return kept.length === previous.length && kept.every((record, i) => record === previous[i]) ? previous : kept
}
