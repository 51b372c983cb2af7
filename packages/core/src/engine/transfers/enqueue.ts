/** Putting transfers into the queue: rows of the index, so that every tab and the next session know of them. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { change, type IndexChange, type TransferDirection } from '../../ports/index-port.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device, type DeviceState } from '../device.ts'
import { mayUpload } from '../files/owner.ts'
import { RefusedRows } from '../log/refused-rows.ts'
import { neededRow, queuedRow, retriedRow, type TransferContent, transferId } from './transfer-row.ts'

/** A transfer to be done now. One that is there already is tried again, and continues with its multipart upload. */
export const queued = (direction: TransferDirection, content: TransferContent, now: number): IndexChange =>
  change('transfers', transferId(direction, content.remoteKey), (row) => queuedRow(direction, content, now, row))

/**
 * An upload of a file's content, unless this device lacks the bytes or knows that object storage has them. The log is not
 * asked: the first step of an upload asks the signer, so an upload in vain costs one request, and a missing one a file. A
 * content that the sync server refused in a file is not uploaded.
 */
export const uploadIfNeeded = (file: FileRecord, now: number) =>
  Effect.gen(function* () {
    const refused = yield* RefusedRows
    return refused.get(file.version) ? [] : yield* uploadIfMissing(file, now)
  })

/** As {@link uploadIfNeeded}, for a file that the sync server has taken. */
export const uploadIfMissing = (file: FileRecord, now: number) =>
  Effect.gen(function* () {
    const { remoteKey } = file
    const device = yield* Device
    const content = device.contents.get(addressOfKey(remoteKey))
    if (!content || device.isStored(remoteKey) || device.transfer('upload', remoteKey)) return []
    if (!(yield* mayUpload(remoteKey))) return []
    // Size and type as this device added the content: the signer refuses an upload that a record describes wrongly.
    const upload = { remoteKey, size: content.size, type: content.type ?? file.type }
    return [change('transfers', transferId('upload', remoteKey), (row) => neededRow('upload', upload, now, row))]
  })

/** Tries again, now, what failed because the network was away. */
export const retryOffline = (device: DeviceState): readonly IndexChange[] =>
  [...device.transfers.values()]
    .filter((row) => row.error?.code === 'offline')
    .map(({ id }) => change('transfers', id, (row) => (row?.error?.code === 'offline' ? retriedRow(row) : row)))
