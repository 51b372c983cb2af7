/** Commands of a person: retry, cancel, pause. */
import { Clock, Effect } from 'effect'
import { change, type TransferRow } from '../../ports/local-index.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { cancelledRow, retriedRow, retriedWithAll, transferId } from './transfer-row.ts'

const DIRECTIONS = ['upload', 'download'] as const

/** Retries now. Queues the upload again if it is missing from the queue. */
export const retry = (file: FileRecord) =>
  Effect.gen(function* () {
    const device = yield* Device
    yield* device.write([
      ...DIRECTIONS.map((direction) =>
        change('transfers', transferId(direction, file.remoteKey), (row) => row && retriedRow(row)),
      ),
      ...(yield* reconcileKeys([file.remoteKey], { occasion: 'file' })),
    ])
  })

/** Opening a file again within this time (ms) does not raise its priority again. */
const LOOK_MS = 60_000

/** Raises the priority of a file's transfers when a person opens it. Best effort: a failed write is ignored. */
export const recordLookedAt = ({ remoteKey }: FileRecord) =>
  Effect.gen(function* () {
    const device = yield* Device
    const now = yield* Clock.currentTimeMillis
    const ids = DIRECTIONS.map((direction) => transferId(direction, remoteKey))
    const isNew = (row: TransferRow | undefined) =>
      row !== undefined && (row.lookedAt === undefined || Math.abs(now - row.lookedAt) > LOOK_MS)
    const changes = ids
      .filter((id) => isNew(device.transfers.get(id)))
      .map((id) => change('transfers', id, (row) => row && { ...row, lookedAt: now }))
    if (changes.length > 0) yield* device.write(changes)
  }).pipe(Effect.ignoreLogged)

/** Rows per index transaction. */
const BATCH = 500

/** Retries all failed transfers now, except those that a person stopped. */
export const retryAll = Effect.gen(function* () {
  const device = yield* Device
  const ids = [...device.transfers.values()].filter((row) => retriedWithAll(row) !== row).map(({ id }) => id)
  for (let from = 0; from < ids.length; from += BATCH) {
    yield* device.write(
      ids.slice(from, from + BATCH).map((id) => change('transfers', id, (row) => row && retriedWithAll(row))),
    )
  }
})

/** Stops the transfers of a file. An upload stays in the queue, blocked, since its bytes are nowhere else; a download is removed. */
export const cancel = ({ remoteKey }: FileRecord) =>
  Effect.gen(function* () {
    const device = yield* Device
    yield* device.write(
      DIRECTIONS.map((direction) =>
        change('transfers', transferId(direction, remoteKey), (row) => row && cancelledRow(row)),
      ),
    )
  })

export const setPaused = (paused: boolean) =>
  Effect.flatMap(Device, (device) =>
    device.write([
      change('engine', 'engine', (row) => ({
        id: 'engine',
        epoch: 0,
        changeCursor: null,
        confirmationCursor: null,
        ...row,
        paused,
      })),
    ]),
  )
