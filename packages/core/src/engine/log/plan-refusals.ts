/** Changes of the outbox when the sync server refuses events. Pure. */
import type { OutboxRow } from '../../ports/local-index.ts'
import type { Refusal } from '../../ports/record-log.ts'
import { recordAfter } from '../../records/apply.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { refusedRow } from './outbox-row.ts'

export interface RefusalPlan {
  /** rows that become refused ones: each row and what takes its place */
  readonly refused: readonly { readonly from: OutboxRow; readonly to: OutboxRow }[]
  /** rows that go: another refused row has their change, or nothing is left to decide */
  readonly gone: readonly OutboxRow[]
}

/**
 * One refused row for each decision of a person. A file that was not taken is one decision: what was done to it since is in
 * its row, so that a retry brings back the file as it was last seen, not as it was added. The server takes those later
 * changes and they do nothing there, or it refuses them for the same reason.
 *
 * @param outbox all rows, in their order
 * @param refusals by opId; those without a row are ignored
 * @param now unix ms
 */
export const planRefusals = (
  outbox: readonly OutboxRow[],
  refusals: ReadonlyMap<string, Refusal>,
  now: number,
): RefusalPlan => {
  const refusedNow = outbox.filter((row) => !row.refused && refusals.has(row.event.opId))
  const codeOf = (row: OutboxRow) => row.refused?.code ?? refusals.get(row.event.opId)?.code

  // What the refused rows, earlier ones too, speak of.
  const addedCodes = new Map<string, string | undefined>()
  const contentKeys = new Set<string>()
  for (const row of [...outbox.filter(({ refused }) => refused), ...refusedNow]) {
    const { event } = row
    if (event.name === 'v2.FileAdded') addedCodes.set(event.args.id, codeOf(row))
    const key = contentOfEvent(event)
    if (key !== undefined) contentKeys.add(key)
  }
  const isCovered = (row: OutboxRow): boolean => {
    const { name, args } = row.event
    if (!('id' in args)) return contentKeys.has(args.remoteKey)
    return name !== 'v2.FileAdded' && addedCodes.has(args.id) && addedCodes.get(args.id) === codeOf(row)
  }

  const laterChanges = new Map<string, PoolEvent[]>()
  for (const row of outbox) {
    const { event } = row
    if (row.refused || !('id' in event.args) || event.name === 'v2.FileAdded') continue
    const { id } = event.args
    // One that is refused for a reason of its own, such as its name, would be refused again in the file's row.
    if (!addedCodes.has(id) || (refusals.has(event.opId) && !isCovered(row))) continue
    laterChanges.set(id, [...(laterChanges.get(id) ?? []), event])
  }

  const refused: { readonly from: OutboxRow; readonly to: OutboxRow }[] = []
  const gone: OutboxRow[] = []
  for (const row of refusedNow) {
    const { opId: _, ...why } = refusals.get(row.event.opId)!
    const event = isCovered(row) ? undefined : withChanges(row.event, laterChanges)
    if (event) refused.push({ from: row, to: refusedRow(row, { ...why, at: now }, event) })
    else gone.push(row)
  }
  return { refused, gone }
}

/** An added file with its later changes; undefined when they removed it. Other events stay as they are. */
const withChanges = (event: PoolEvent, changes: ReadonlyMap<string, readonly PoolEvent[]>): PoolEvent | undefined => {
  if (event.name !== 'v2.FileAdded') return event
  const later = changes.get(event.args.id) ?? []
  const file = later.reduce<FileRecord | undefined>((before, change) => recordAfter(change, before), recordAfter(event))
  if (!file || later.length === 0) return event
  const { name, type, size, remoteKey, meta, deletedAt } = file
  return deletedAt === null ? { ...event, args: { ...event.args, name, type, size, remoteKey, meta } } : undefined
}
