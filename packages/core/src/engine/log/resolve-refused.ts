/** Resolves a refused change by a person’s decision: retry it, or discard it. */
import { addressOfKey, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { RefusedEdit } from '../../pool.ts'
import { change, decision, type IndexStep } from '../../ports/local-index.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import type { PoolEvent } from '../../records/events.ts'
import { notStoredAs } from '../rows.ts'
import { Device } from '../device.ts'
import { requireRight } from '../files/edit.ts'
import { queued } from '../transfers/enqueue.ts'
import { transferId } from '../transfers/transfer-row.ts'
import { commit } from './group-commit.ts'
import { requireOwnKey, userSegment } from '../files/owner.ts'
import { editedEvent, rightFor } from './refused-change.ts'
import { type RefusedRow, RefusedRows } from './refused-rows.ts'
import { releaseContent } from '../files/release-content.ts'
import { LogPort, Platform, Settings } from '../services.ts'

/** Appends the event again: the same one, or an edited one with an opId of its own. Its content is uploaded again, too. */
export const retryRefused = (id: string, edit: RefusedEdit) =>
  Effect.gen(function* () {
    const { newId } = yield* Platform
    const { buckets } = yield* Settings
    const device = yield* Device
    const refused = yield* RefusedRows
    const log = yield* LogPort
    const row = yield* refusedRowOf(id)
    yield* requireRight(rightFor(row.event))
    const event = editedEvent(row.event, edit, { buckets, opId: newId(), owner: yield* userSegment })
    if (event instanceof RockpoolError) return yield* Effect.fail(event)
    const key = contentOfEvent(event)
    if (key !== undefined) yield* requireOwnKey(key)

    let isResolved = false
    const take = change('outbox', row.id, (current) => {
      // Checked within the write: another tab may resolve the same change.
      if (!current) throw alreadyResolved()
      isResolved = true
      return undefined
    })
    yield* commit(event, { changes: [take, ...uploadAgain(event, log, yield* Clock.currentTimeMillis)] }).pipe(
      // The log works and rejects the event: the change waits for a person as before.
      Effect.tapError(() =>
        isResolved
          ? Effect.ignoreLogged(device.write([change('outbox', row.id, (current) => current ?? row)]))
          : Effect.void,
      ),
      Effect.ensuring(refused.refresh),
    )
  })

/** Discards the change for good, and its bytes on this disk unless something else references them. */
export const discardRefused = (id: string) =>
  Effect.gen(function* () {
    const device = yield* Device
    const refused = yield* RefusedRows
    const row = yield* refusedRowOf(id)
    let isResolved = false
    yield* device.write([
      change('outbox', row.id, (current) => {
        isResolved = current !== undefined
        return undefined
      }),
    ])
    yield* refused.refresh
    const key = contentOfEvent(row.event)
    // Another tab that retried the change needs the bytes.
    if (isResolved && key !== undefined) yield* releaseContent(key)
  })

/**
 * Queues the upload again: the garbage collector of object storage may have removed the content of a refused file. The
 * upload's first step checks with the signer.
 */
const uploadAgain = (event: PoolEvent, log: Pick<RecordLog, 'remoteContent'>, now: number): readonly IndexStep[] => {
  if (event.name !== 'v2.FileAdded' && event.name !== 'v2.FileContentReplaced') return []
  const { remoteKey, type } = event.args
  const address = addressOfKey(remoteKey)
  return [
    decision(
      [
        { table: 'contents', key: address },
        { table: 'transfers', key: transferId('upload', remoteKey) },
      ],
      (rows) => {
        const content = rows.get('contents', address)
        if (!content) return [] // a former version, in object storage only
        const provedBefore = log.remoteContent(remoteKey)?.seenAt
        return [
          notStoredAs(remoteKey),
          change('contents', address, (current) => current && { ...current, type }),
          queued('upload', { remoteKey, size: content.size, type, provedBefore, queuedFor: event.opId }, now),
        ]
      },
    ),
  ]
}

const refusedRowOf = (id: string): Effect.Effect<RefusedRow, RockpoolError, RefusedRows> =>
  Effect.flatMap(RefusedRows, (refused) => {
    const row = refused.get(id)
    return row ? Effect.succeed(row) : Effect.fail(alreadyResolved())
  })

const alreadyResolved = (): RockpoolError =>
  new RockpoolError(
    'not_found',
    'This change is not waiting any more. It was tried again or discarded, perhaps in another tab.',
  )
