/** Putting transfers into the queue: rows of the index, so that every tab and the next session know of them. */
import { change, type IndexChange, type TransferDirection } from '../../ports/index-port.ts'
import type { DeviceState } from '../device.ts'
import { queuedRow, retriedRow, type TransferContent, transferId } from './transfer-row.ts'

/** A transfer to be done now. One that is there already is tried again, and continues with its multipart upload. */
export const queued = (direction: TransferDirection, content: TransferContent, now: number): IndexChange =>
  change('transfers', transferId(direction, content.remoteKey), (row) => queuedRow(direction, content, now, row))

/** Tries again, now, what failed because the network was away. */
export const retryOffline = (device: DeviceState): readonly IndexChange[] =>
  [...device.transfers.values()]
    .filter((row) => row.error?.code === 'offline')
    .map(({ id }) => change('transfers', id, (row) => (row?.error?.code === 'offline' ? retriedRow(row) : row)))
