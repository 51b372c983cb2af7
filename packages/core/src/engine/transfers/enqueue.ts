/** Queues transfers as rows of the index: every tab and the next session see them. */
import { change, type IndexChange, type TransferDirection } from '../../ports/local-index.ts'
import type { DeviceState } from '../device.ts'
import { queuedRow, retriedRow, type TransferContent, transferId } from './transfer-row.ts'

/** Queues a transfer for now. An existing one is retried, and resumes its multipart upload. */
export const queued = (direction: TransferDirection, content: TransferContent, now: number): IndexChange =>
  change('transfers', transferId(direction, content.remoteKey), (row) => queuedRow(direction, content, now, row))

/** Retries now what failed with `offline`. */
export const retryOffline = (device: DeviceState): readonly IndexChange[] =>
  [...device.transfers.values()]
    .filter((row) => row.error?.code === 'offline')
    .map(({ id }) => change('transfers', id, (row) => (row?.error?.code === 'offline' ? retriedRow(row) : row)))
