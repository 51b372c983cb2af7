/** Completes uploads that the signer has confirmed. */
import type { Stored } from '@rockpool/protocol'
import { Effect } from 'effect'
import { type IndexChange, remove, type TransferRow } from '../../ports/local-index.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { RemoteContent } from '../../records/record.ts'
import { Device } from '../device.ts'
import { commitTogether } from '../log/group-commit.ts'
import { LogPort, Platform } from '../services.ts'
import { storedAs } from '../rows.ts'

export interface StoredUpload {
  readonly row: TransferRow
  /** the signer's confirmation */
  readonly stored: Pick<Stored, 'receipt' | 'etag' | 'versionId'>
}

/**
 * Removes the uploads from the queue and appends their `ContentStored` events to the log in one append, so in one push to
 * the sync server.
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

/** Whether the event adds something to the log: the content is unknown, or only claimed and now proved. */
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
