/**
 * Reconciles content as steps of an index write. They are decided inside the transaction, from the rows and the log as they
 * are then, so no concurrent change of another tab or a transfer is lost.
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
} from '../../ports/local-index.ts'
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
  /** Called for content to check with the signer later. Without it the check is queued immediately. */
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

/** The input that the log's state is for a suspected loss. */
const lossInput = (facts: KeyFacts, actions: readonly KeyAction[], occasion: Occasion) => {
  if (facts.logState === 'lost') return actions.includes('heal') ? 'lost_here' : 'lost'
  return occasion === 'content' && facts.logState !== 'nothing' ? 'stored' : undefined
}

/** The facts of one key, as a decision sees them. */
export interface KeyView {
  readonly key: RemoteKey
  readonly facts: KeyFacts
  readonly content: ContentRow | undefined
  /** live files that have or had the content, except refused ones */
  readonly wanting: readonly FileRecord[]
  /** `provedBefore` of an upload that is queued now */
  readonly provedBefore: number | null
  /** media type to upload it with */
  readonly type: string
}

/** For a key: the rows that a decision must declare, and the view that it builds from them. */
export const keyReader = Effect.gen(function* () {
  const log = yield* LogPort
  const mayUpload = yield* ownUploads
  return (key: RemoteKey, refusedBefore: ReadonlySet<string> = new Set()) => {
    const address = addressOfKey(key)
    // A file that gets the content later triggers its own reconciliation.
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
        .filter((file) => file.deletedAt === null && isAccepted(log, file, key, refused))
      const remote = log.remoteContent(key)
      const isPinned = fileIds.some((id) => rows.get('pins', id) !== undefined && isCurrent(log.file(id), key))
      const upload = rows.get('transfers', transferId('upload', key))
      const facts: KeyFacts = {
        isWanted: wanting.length > 0 || isPending(log, upload, refused),
        isPinned,
        mayUpload: mayUpload(key),
        logState: logStateOf(remote),
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
const isAccepted = (log: RecordLog, file: FileRecord, key: RemoteKey, refused: ReadonlySet<string>): boolean =>
  refused.size === 0 ||
  (file.remoteKey === key && !refused.has(file.version)) ||
  log.versions(file.id).some((version) => version.remoteKey === key && !refused.has(version.id))

/** Whether the upload's event is not in the log yet, or rolled back for a moment by a rebase. */
const isPending = (log: RecordLog, upload: TransferRow | undefined, refused: ReadonlySet<string>): boolean => {
  const opId = upload?.queuedFor ?? undefined
  return opId !== undefined && !refused.has(opId) && !log.applied(opId)
}

/** The media type from this device's add, else from the file's version: a record may describe the content wrongly. */
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

/** `lost`: lost since the last proof. A claim with or after the loss does not hide that. */
export const logStateOf = (remote: RemoteContent | undefined): KeyFacts['logState'] => {
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

/** Queues an upload of the content on this disk. */
export const uploadOf = ({ key, content, provedBefore, type }: KeyView, now: number): readonly IndexChange[] => {
  if (!content) return []
  const upload = { remoteKey: key, size: content.size, type, provedBefore }
  return [change('transfers', transferId('upload', key), (row) => neededRow('upload', upload, now, row))]
}

const changesOf = (action: KeyAction, view: KeyView, now: number): readonly IndexChange[] => {
  const { key, wanting } = view
  const setPinned = (pinned: boolean) => change('contents', addressOfKey(key), (row) => row && { ...row, pinned })
  switch (action) {
    case 'record_stored':
      return [storedAs(key)]
    case 'clear_stored':
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
