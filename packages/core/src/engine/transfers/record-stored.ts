/** The end of uploads: the signer saw the content of each. */
import type { Stored } from '@rockpool/protocol'
import { Effect } from 'effect'
import { type IndexChange, remove, type TransferRow } from '../../ports/index-port.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { RemoteContent } from '../../records/record.ts'
import { Device } from '../device.ts'
import { commitTogether } from '../log/group-commit.ts'
import { LogPort, Platform } from '../services.ts'
import { storedAs } from '../rows.ts'

export interface StoredUpload {
  readonly row: TransferRow
  /** what the signer said of it */
  readonly stored: Pick<Stored, 'receipt' | 'etag' | 'versionId'>
}

/**
 * Takes the uploads from the queue and tells all devices: the events of all of them go to the log in one append, and so in one
 * push to the sync server.
 */
export const recordStored = (uploads: readonly StoredUpload[], epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const log = yield* LogPort
    const { newId } = yield* Platform
    const [news, known]: [StoredUpload[], StoredUpload[]] = [[], []]
    for (const upload of uploads) (isNews(upload, log.remoteContent(upload.row.remoteKey)) ? news : known).push(upload)
    if (known.length > 0) yield* device.write(known.flatMap(endOf), epoch)
    yield* commitTogether(
      news.map((upload) => ({ event: storedEvent(upload, newId()), changes: endOf(upload), epoch })),
    )
  })

/** What the log only claims, a receipt proves to the other devices. */
const isNews = ({ stored: { receipt } }: StoredUpload, known: RemoteContent | undefined): boolean =>
  !known?.stored || (receipt !== undefined && !known.proved)

const endOf = ({ row }: StoredUpload): readonly IndexChange[] => [remove('transfers', row.id), storedAs(row.remoteKey)]

const storedEvent = ({ row, stored }: StoredUpload, opId: string): PoolEvent => {
  const { receipt, etag, versionId } = stored
  return {
    name: 'v2.ContentStored',
    opId,
    args: {
      remoteKey: row.remoteKey,
      ...(receipt === undefined ? {} : { receipt }),
      ...(etag === undefined ? {} : { etag }),
      ...(versionId === undefined ? {} : { versionId }),
    },
  }
}
