/**
 * The events that make devices which applied an event agree with devices that never see it. Pure. Each sets a state instead of
 * reverting a step, so that it has the same outcome on both.
 */
import type { FileRecord, PoolEvent, RemoteContent } from '@rockpool/core/records'

/** What one event is about. */
export interface Records {
  readonly file?: FileRecord | undefined
  readonly content?: RemoteContent | undefined
}

/** An event without its opId, which is random. */
export type Compensation = PoolEvent extends infer Event
  ? Event extends PoolEvent
    ? Omit<Event, 'opId'>
    : never
  : never

/**
 * @param applied the records of a device that applied the event
 * @param redacted the records of one that did not
 * @param at time of the redaction, in ms
 */
export const compensate = (applied: Records, redacted: Records, at: number): readonly Compensation[] => [
  ...(applied.file ? compensateFile(applied.file, redacted.file, at) : []),
  ...compensateContent(applied.content, redacted.content),
]

const compensateFile = (from: FileRecord, to: FileRecord | undefined, at: number): readonly Compensation[] => {
  const { id } = from
  const deletion = { name: 'v2.FileDeleted', args: { id, at } } as const
  if (!to) return from.deletedAt === null ? [deletion] : []
  const events: Compensation[] = []
  const { remoteKey, size, type, name, meta } = to
  const isReplaced = remoteKey !== from.remoteKey || size !== from.size || type !== from.type
  if (isReplaced) {
    // Based on what the one device has, and the same key as the other has: a conflict on neither.
    const args = { id, remoteKey, size, type, basedOn: from.remoteKey, at }
    events.push({ name: 'v2.FileContentReplaced', args })
  }
  if (name !== from.name) events.push({ name: 'v2.FileRenamed', args: { id, name, at } })
  if (JSON.stringify(meta) !== JSON.stringify(from.meta)) {
    events.push({ name: 'v2.FileMetaSet', args: { id, meta, at } })
  }
  // A new content lifts the tombstone.
  const isDeleted = !isReplaced && from.deletedAt !== null
  if (to.deletedAt !== null && !isDeleted) events.push(deletion)
  if (to.deletedAt === null && isDeleted) events.push({ name: 'v2.FileRestored', args: { id, at } })
  return events
}

/** A content that counts for more than it should is uploaded again. One that counts for less heals when a device says so. */
const compensateContent = (from: RemoteContent | undefined, to: RemoteContent | undefined): readonly Compensation[] => {
  if (!from?.stored || (to?.stored && to.proved === from.proved)) return []
  return [{ name: 'v2.ContentLost', args: { remoteKey: from.remoteKey } }]
}
