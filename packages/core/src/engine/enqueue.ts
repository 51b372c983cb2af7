/** Putting transfers into the queue: rows of the index, so that every tab and the next session know of them. */
import type { RemoteKey } from '@rockpool/protocol'
import { change, type IndexChange, type TransferDirection, type TransferRow } from '../ports/index-port.ts'
import { type DeviceState, transferId } from './device.ts'

export interface TransferContent {
  readonly remoteKey: RemoteKey
  /** bytes */
  readonly size: number
  readonly type: string
}

/** A transfer to be done now. One that is there already is tried again, and goes on with its multipart upload. */
export const queued = (direction: TransferDirection, content: TransferContent, now: number): IndexChange =>
  change('transfers', transferId(direction, content.remoteKey), (row) => ({
    id: transferId(direction, content.remoteKey),
    direction,
    remoteKey: content.remoteKey,
    size: content.size,
    type: content.type,
    uploadId: row?.uploadId ?? null,
    createdAt: row?.createdAt ?? now,
    ...FRESH,
  }))

const FRESH = { state: 'waiting', attempts: 0, notBefore: 0, error: null } as const

/** Tries again, now. */
export const retried = (row: TransferRow): TransferRow => ({ ...row, ...FRESH })

/** Tries again, now, what failed because the network was away. */
export const retryOffline = (device: DeviceState): readonly IndexChange[] =>
  [...device.transfers.values()]
    .filter((row) => row.error?.code === 'offline')
    .map(({ id }) => change('transfers', id, (row) => (row?.error?.code === 'offline' ? retried(row) : row)))
