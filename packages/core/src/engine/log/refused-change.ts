/** A refused row as the app sees it, and how a person can edit it. Pure. */
import { type Buckets, type ErrorCode, type Owner, parseRemoteKey, type Right, RockpoolError } from '@rockpool/protocol'
import type { RefusedChange, RefusedEdit } from '../../pool.ts'
import { recordAfter } from '../../records/apply.ts'
import type { PoolEvent } from '../../records/events.ts'
import { checkContent, checkMeta, checkName } from '../../records/limits.ts'
import type { FileRecord } from '../../records/record.ts'
import { type SyncStatus, syncStatus } from '../../sync/sync-status.ts'
import type { RefusedRow } from './refused-rows.ts'

/** @param file the file that the event is about, as the log has it */
export const refusedChange = ({ event, refused }: RefusedRow, file: FileRecord | undefined): RefusedChange => {
  const known = file ?? recordAfter(event)
  return {
    id: event.opId,
    event,
    ...(known && { file: known }),
    ...refused,
  }
}

/** The right that the event needs. */
export const rightFor = ({ name }: PoolEvent): Right => (name === 'v2.FileDeleted' ? 'delete' : 'write')

/** Codes of docs/contracts/sync-http.md; an unknown code of a newer server becomes `bad_request`. */
const ERROR_CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['bad_event', 'bad_request'],
  ['event_too_large', 'too_large'],
  ['unknown_event', 'bad_request'],
  ['forbidden', 'forbidden'],
  ['bad_key', 'bad_key'],
  ['unknown_bucket', 'unknown_bucket'],
  ['bad_name', 'bad_name'],
  ['bad_path', 'bad_path'],
  ['bad_meta', 'bad_meta'],
  ['bad_type', 'bad_type'],
  ['type_not_allowed', 'type_not_allowed'],
  ['too_large', 'too_large'],
  ['bad_receipt', 'bad_request'],
  ['quota_exceeded', 'quota_exceeded'],
])

export const errorOfRefused = ({
  code,
  message,
  usage,
}: Pick<RefusedChange, 'code' | 'message' | 'usage'>): RockpoolError =>
  new RockpoolError(ERROR_CODES.get(code) ?? 'bad_request', message, usage ? { usage } : {})

/**
 * The event to append again: the same one, or another one with what `edit` changes in it.
 *
 * @param options.opId of an event that is another one
 * @param options.owner segment of the user who sends it; undefined when unknown
 * @returns the error when the event has no such field, or may not hold the value
 */
export const editedEvent = (
  event: PoolEvent,
  edit: RefusedEdit,
  { buckets, opId, owner }: { readonly buckets: Buckets; readonly opId: string; readonly owner: Owner | undefined },
): PoolEvent | RockpoolError => {
  const { owner: ownerBefore, ...args }: Record<string, unknown> = { ...event.args }
  // The owner is the user who sends the event, perhaps not the one who added the file; unset while no user is known.
  if (ownerBefore !== undefined && owner !== undefined) args.owner = owner
  if (edit.name !== undefined) {
    const name = edit.name.normalize('NFC')
    const wrong = 'name' in args ? checkName(name) : notIn('bad_name', 'name')
    if (wrong) return wrong
    args.name = name
  }
  if (edit.meta !== undefined) {
    const wrong = 'meta' in args ? checkMeta(edit.meta) : notIn('bad_meta', 'metadata')
    if (wrong) return wrong
    args.meta = JSON.parse(JSON.stringify(edit.meta))
  }
  if (edit.type !== undefined) {
    if (event.name !== 'v2.FileAdded' && event.name !== 'v2.FileContentReplaced') return notIn('bad_type', 'type')
    const { remoteKey, size } = event.args
    const wrong = checkContent({ type: edit.type, bucket: parseRemoteKey(remoteKey)?.bucket ?? '', size }, buckets)
    if (wrong) return wrong
    args.type = edit.type
  }
  const isEdited = Object.values(edit).some((value) => value !== undefined) || args.owner !== ownerBefore
  return isEdited ? ({ name: event.name, opId, args } as unknown as PoolEvent) : event
}

const notIn = (code: ErrorCode, what: string): RockpoolError =>
  new RockpoolError(
    code,
    `This change sets no ${what}. Retry it without the option ${what === 'metadata' ? 'meta' : what}.`,
  )

/** The sync status that refused changes mean; undefined while there are none. */
export const statusOfRefused = (changes: readonly RefusedChange[]): SyncStatus | undefined => {
  const newest = changes.toSorted((a, b) => b.at - a.at)[0]
  if (!newest) return undefined
  return syncStatus(
    'push_refused',
    changes.length === 1 ? newest.message : `${changes.length} changes were not accepted. ${newest.message}`,
  )
}
