/** Bytes to disk first, then one index transaction, then the event: the order that a crash cannot hurt. */
import { buildRemoteKey, type ContentDigest, type RemoteKey } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { WriteOptions } from '../../ports/blob-store.ts'
import type { PoolEvent } from '../../records/events.ts'
import { contentRow } from '../transfers/content-row.ts'
import { queued } from '../transfers/enqueue.ts'
import { holdIfFree, underLock } from '../leadership/locks.ts'
import type { Commit } from '../log/next-group.ts'
import { commit } from '../log/group-commit.ts'
import { isNamedInLog } from './named-content.ts'
import { ownerSegment } from './owner.ts'
import { BlobPort, call, IndexPort, LogPort, Settings } from '../services.ts'

export interface StoredContent {
  readonly content: ContentDigest
  readonly remoteKey: RemoteKey
  /** unix ms */
  readonly at: number
}

export interface NewContent {
  readonly body: Blob | ReadableStream<Uint8Array>
  readonly bucket: string
  readonly type: string
  readonly onProgress: WriteOptions['onProgress'] | undefined
}

/** Held (shared) from the first byte on disk until the index names the content. */
export const KEEPING = 'keeping'

/**
 * Streams the content to disk and commits the event that names it. The bytes, the event and the upload are on disk when
 * this ends; when it fails or is interrupted nothing of them remains.
 *
 * @returns the file as the event leaves it, and the event
 */
export const storeContent = (
  { body, bucket, type, onProgress }: NewContent,
  makeEvent: (kept: StoredContent) => PoolEvent,
  precondition?: Commit['precondition'],
) =>
  Effect.suspend(() => {
    let written: ContentDigest | undefined
    return Effect.gen(function* () {
      const blobs = yield* BlobPort
      const log = yield* LogPort
      const { storeId, buckets } = yield* Settings
      const owner = yield* ownerSegment(bucket)
      const maxSize = buckets[bucket]?.maxSize
      const options = { ...(maxSize === undefined ? {} : { maxSize }), ...(onProgress ? { onProgress } : {}) }
      const content = yield* call(async (signal) => (written = await blobs.write(body, { ...options, signal })))
      const remoteKey = buildRemoteKey({ storeId, bucket, owner, address: content.address })
      const at = yield* Clock.currentTimeMillis
      const event = makeEvent({ content, remoteKey, at })
      // A log that cannot be read keeps nobody from adding a file.
      const known = call(async () => log.remoteContent(remoteKey)?.seenAt)
      const provedBefore = yield* Effect.orElseSucceed(known, () => at)
      const upload = { remoteKey, size: content.size, type, provedBefore, queuedFor: event.opId }
      const changes = [contentRow(content, at, { type }), queued('upload', upload, at)]
      return { event, file: yield* commit(event, { changes, precondition }) }
    }).pipe(
      underLock(KEEPING, 'shared'),
      Effect.onError(() => (written ? dropUnnamed(written) : Effect.void)),
    )
  })

/**
 * Removes content that no row and no file names, unless an add is under way in some tab, which may be about to name it. The index
 * may have been lost, and the bytes may be the only copy of a file that the log names.
 */
const dropUnnamed = ({ address }: ContentDigest) =>
  Effect.scoped(
    Effect.gen(function* () {
      const blobs = yield* BlobPort
      const index = yield* IndexPort
      if (!(yield* holdIfFree(KEEPING)) || (yield* isNamedInLog(address))) return
      yield* call(async () => {
        if (!(await index.get('contents', address))) await blobs.delete(address)
      })
    }),
  ).pipe(
    Effect.catchAll((error) =>
      Effect.logWarning('Content that no file names stays on disk until the next sweep', error),
    ),
  )
