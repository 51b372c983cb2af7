/** Giving the disk back what a person discarded, if nothing else on this device names it. */
import { addressOfKey, buildRemoteKey, type ContentAddress, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { type OutboxRow, remove, type TransferRow } from '../../ports/index-port.ts'
import { contentKeyOf } from '../../records/content-key.ts'
import { Device } from '../device.ts'
import { hold, holdIfFree } from '../locks.ts'
import { ownerSegment } from './owner.ts'
import { BlobPort, call, IndexPort, LogPort, Settings } from '../services.ts'
import { KEEPING } from './store-content.ts'

/**
 * Removes the content of `key` from this disk unless a file, removed or not, an event or a transfer names the same bytes.
 * While an add is under way in some tab they stay, since it may be about to name them.
 */
export const releaseContent = (key: RemoteKey) =>
  Effect.scoped(
    Effect.gen(function* () {
      const address = addressOfKey(key)
      const blobs = yield* BlobPort
      const device = yield* Device
      const index = yield* IndexPort
      const log = yield* LogPort
      // One at a time: the next one would take this one for an add.
      yield* hold('releasing', 'exclusive')
      if (!(yield* holdIfFree(KEEPING))) return
      for (const name of [key, ...(yield* ownKeys(address)), ...(device.contents.get(address)?.storedAs ?? [])]) {
        if (log.filesWithContent(name).length > 0) return
      }
      const [outbox, transfers] = yield* call(() => Promise.all([index.getAll('outbox'), index.getAll('transfers')]))
      if (isNamed(address, outbox, transfers)) return
      // The row first: one without its bytes would be a file that cannot be opened.
      yield* device.write([remove('contents', address)])
      yield* call(() => blobs.delete(address))
    }),
  )

/** The keys under which this user may have the content, one a bucket. */
const ownKeys = (address: ContentAddress) =>
  Effect.gen(function* () {
    const { buckets, storeId } = yield* Settings
    return yield* Effect.forEach(Object.keys(buckets), (bucket) =>
      Effect.map(ownerSegment(bucket), (owner) => buildRemoteKey({ storeId, bucket, owner, address })),
    )
  })

/** Whether an event that the log may not have yet, or a transfer, is about these bytes. */
export const isNamed = (
  address: ContentAddress,
  outbox: readonly OutboxRow[],
  transfers: readonly TransferRow[],
): boolean => {
  const keys = [...outbox.map(({ event }) => contentKeyOf(event)), ...transfers.map(({ remoteKey }) => remoteKey)]
  return keys.some((key) => key !== undefined && addressOfKey(key) === address)
}
