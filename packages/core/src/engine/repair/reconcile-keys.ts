/**
 * What contents lack, as steps of an index write: decided in its transaction, from the rows and the log as they are then. So
 * nothing that another tab or a transfer does in between is lost.
 */
import { addressOfKey, OCTET_STREAM, type RemoteKey } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import {
  change,
  type ContentRow,
  decision,
  type IndexChange,
  type IndexDecision,
  type IndexRows,
  remove,
  type TransferRow,
} from '../../ports/index-port.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import type { FileRecord, RemoteContent } from '../../records/record.ts'
import { ownUploads } from '../files/owner.ts'
import { REFUSED_PREFIX } from '../log/outbox-row.ts'
import { nextLoss } from './loss-state.ts'
import { type KeyAction, type KeyFacts, type Occasion, planKey } from './reconcile-plan.ts'
import { LogPort, Platform } from '../services.ts'
import { suspectChanged } from './suspect-content.ts'
import { notStoredAs, storedAs } from '../rows.ts'
import { isMissing, neededRow, rowAfterStored, transferId } from '../transfers/transfer-row.ts'

export interface ReconcileOptions {
  readonly occasion: Occasion
  /** opIds of events that the sync server refused, and whose rows are not in the outbox */
  readonly refused?: ReadonlySet<string>
  /** Called for content about which the signer is to be asked some time. It is asked now when not given. */
  readonly onAsk?: (key: RemoteKey) => void
}

/** One step for each key. */
export const reconcileKeys = (keys: Iterable<RemoteKey>, options: ReconcileOptions) =>
  Effect.gen(function* () {
    const { random } = yield* Platform
    const now = yield* Clock.currentTimeMillis
    const readKey = yield* keyReader
    return [...keys].map((key): IndexDecision => {
      const context = { remoteKey: key, now, random: random() }
      const { reads, look } = readKey(key, options.refused)
      return decision(reads, (rows) => {
        const view = look(rows)
        const actions = planKey(view.facts, options.occasion)
        const changes = actions.flatMap((action) =>
          action === 'ask_signer' && options.onAsk ? (options.onAsk(key), []) : changesOf(action, view, now),
        )
        const input = lossInput(view.facts, actions, options.occasion)
        if (input === undefined) return changes
        const suspect = rows.get('suspects', key)
        const { row } = nextLoss(suspect, input, context)
        return [...changes, ...suspectChanged(suspect, row)]
      })
    })
  })

/** What the log says is news for a suspected loss, too. */
const lossInput = (facts: KeyFacts, actions: readonly KeyAction[], occasion: Occasion) => {
  if (facts.said === 'lost') return actions.includes('heal') ? 'lost_here' : 'lost'
  return occasion === 'content' && facts.said !== 'nothing' ? 'stored' : undefined
}

/** One key as a decision sees it. */
export interface KeyView {
  readonly key: RemoteKey
  readonly facts: KeyFacts
  readonly content: ContentRow | undefined
  /** live files that have the content or had it, and that the sync server has not refused */
  readonly wanting: readonly FileRecord[]
  /** as an upload that is queued now notes it */
  readonly provedBefore: number | null
  /** media type to upload it with */
  readonly type: string
}

/** Gives, for a key, what a decision must name to read, and what it then sees. */
export const keyReader = Effect.gen(function* () {
  const log = yield* LogPort
  const mayUpload = yield* ownUploads
  return (key: RemoteKey, refusedBefore: ReadonlySet<string> = new Set()) => {
    const address = addressOfKey(key)
    // A file that gets the content after this is looked at with its own event.
    const fileIds = log.filesWithContent(key).map(({ id }) => id)
    const reads: IndexDecision['reads'] = [
      { table: 'contents', key: address },
      { table: 'transfers', key: transferId('upload', key) },
      { table: 'transfers', key: transferId('download', key) },
      { table: 'suspects', key },
      ...fileIds.map((id) => ({ table: 'pins', key: id }) as const),
      { table: 'outbox', after: REFUSED_PREFIX },
    ]
    const look = (rows: IndexRows): KeyView => {
      const refused = new Set([
        ...refusedBefore,
        ...rows.getAll('outbox', REFUSED_PREFIX).map(({ event }) => event.opId),
      ])
      const content = rows.get('contents', address)
      const wanting = log
        .filesWithVersion(key)
        .filter((file) => file.deletedAt === null && isTaken(log, file, key, refused))
      const remote = log.remoteContent(key)
      const isPinned = fileIds.some((id) => rows.get('pins', id) !== undefined && isCurrent(log.file(id), key))
      const upload = rows.get('transfers', transferId('upload', key))
      const facts: KeyFacts = {
        isWanted: wanting.length > 0 || isPending(log, upload, refused),
        isPinned,
        mayUpload: mayUpload(key),
        said: saidOf(remote),
        content: content && { isStored: content.storedAs?.includes(key) === true, isPinned: content.pinned },
        upload: uploadStateOf(upload, remote),
        download: downloadOf(rows.get('transfers', transferId('download', key))),
      }
      const provedBefore = remote?.seenAt ?? null
      return { key, facts, content, wanting, provedBefore, type: typeOf(log, key, content, wanting) }
    }
    return { reads, look }
  }
})

const isCurrent = (file: FileRecord | undefined, key: RemoteKey): boolean =>
  file !== undefined && file.deletedAt === null && file.remoteKey === key

/** Whether an event that the sync server did not refuse gave the content to the file. */
const isTaken = (log: RecordLog, file: FileRecord, key: RemoteKey, refused: ReadonlySet<string>): boolean =>
  refused.size === 0 ||
  (file.remoteKey === key && !refused.has(file.version)) ||
  log.versions(file.id).some((version) => version.remoteKey === key && !refused.has(version.id))

/** Whether the event that came with the upload is on its way into the log, or a rebase takes it back for a moment. */
const isPending = (log: RecordLog, upload: TransferRow | undefined, refused: ReadonlySet<string>): boolean => {
  const opId = upload?.queuedFor ?? undefined
  return opId !== undefined && !refused.has(opId) && !log.applied(opId)
}

/** As this device added it, else as the file's version has it: the signer refuses an upload that a record describes wrongly. */
const typeOf = (
  log: RecordLog,
  key: RemoteKey,
  content: ContentRow | undefined,
  wanting: readonly FileRecord[],
): string => {
  if (content?.type !== undefined) return content.type
  const current = wanting.find(({ remoteKey }) => remoteKey === key)
  if (current) return current.type
  const versions = wanting.flatMap(({ id }) => log.versions(id))
  return versions.find(({ remoteKey }) => remoteKey === key)?.type ?? OCTET_STREAM
}

/** Lost since it was last proved to be stored: a claim that came with the loss, or after it, does not hide that. */
export const saidOf = (remote: RemoteContent | undefined): KeyFacts['said'] => {
  if (!remote) return 'nothing'
  if (remote.proved) return 'proved'
  return !remote.stored || remote.seenAt !== null ? 'lost' : 'claimed'
}

const uploadStateOf = (row: TransferRow | undefined, remote: RemoteContent | undefined): KeyFacts['upload'] => {
  if (!row) return 'none'
  return remote?.proved && (remote.seenAt ?? 0) > (row.provedBefore ?? -Infinity) ? 'proved' : 'queued'
}

const downloadOf = (row: TransferRow | undefined): KeyFacts['download'] => {
  if (!row) return 'none'
  return isMissing(row) ? 'missing' : 'queued'
}

/** An upload of the bytes that are here. */
export const uploadOf = ({ key, content, provedBefore, type }: KeyView, now: number): readonly IndexChange[] => {
  if (!content) return []
  const upload = { remoteKey: key, size: content.size, type, provedBefore }
  return [change('transfers', transferId('upload', key), (row) => neededRow('upload', upload, now, row))]
}

const changesOf = (action: KeyAction, view: KeyView, now: number): readonly IndexChange[] => {
  const { key, wanting } = view
  const setPinned = (pinned: boolean) => change('contents', addressOfKey(key), (row) => row && { ...row, pinned })
  switch (action) {
    case 'note_stored':
      return [storedAs(key)]
    case 'take_back_stored':
      return [notStoredAs(key)]
    case 'queue_upload':
    case 'ask_signer':
      return uploadOf(view, now)
    case 'heal':
      return []
    case 'drop_upload':
      return view.facts.upload === 'proved'
        ? [change('transfers', transferId('upload', key), (row) => row && rowAfterStored(row, 'proved'))]
        : [remove('transfers', transferId('upload', key))]
    case 'queue_download': {
      const file = wanting.find(({ remoteKey }) => remoteKey === key)
      if (!file) return []
      return [change('transfers', transferId('download', key), (row) => neededRow('download', file, now, row))]
    }
    case 'retry_download':
      return [change('transfers', transferId('download', key), (row) => row && rowAfterStored(row, 'claimed'))]
    case 'drop_download':
      return [remove('transfers', transferId('download', key))]
    case 'pin':
    case 'unpin':
      return [setPinned(action === 'pin')]
  }
}
