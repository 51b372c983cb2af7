/** Bytes to disk first, then one index transaction, then the event: a crash at any point loses nothing. */
import {
  aborted,
  buildRemoteKey,
  CHARSET_BYTES,
  type ContentDigest,
  needsCharset,
  type RemoteKey,
  withCharset,
} from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { BlobStore, WriteOptions } from '../../ports/blob-store.ts'
import type { PoolEvent } from '../../records/events.ts'
import { contentRow } from '../rows.ts'
import { queued } from '../transfers/enqueue.ts'
import { underLock } from '../leadership/locks.ts'
import type { Commit } from '../log/next-group.ts'
import { commit } from '../log/group-commit.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { KEEPING, otherNamedKeys } from './named-content.ts'
import { ownerSegment } from './owner.ts'
import { releaseContent } from './release-content.ts'
import { BlobPort, callPort, LogPort, Settings } from '../services.ts'
import { unlessAborted } from '../unless-aborted.ts'

export interface StoredContent {
  readonly content: ContentDigest
  readonly remoteKey: RemoteKey
  /** of text with its charset */
  readonly type: string
  /** unix ms */
  readonly at: number
}

export interface NewContent {
  readonly body: Blob | ReadableStream<Uint8Array>
  readonly bucket: string
  readonly type: string
  readonly onProgress: WriteOptions['onProgress'] | undefined
  /** Counts until the event is being written: an abort after that must not hide that the file is there. */
  readonly signal: AbortSignal | undefined
}

/**
 * Streams the content to disk and commits the event that names it. The bytes, the event and the upload are on disk when
 * this ends. After a failure or an interruption none of them remain.
 *
 * @returns the file after the event, and the event
 */
export const storeContent = (
  { body, bucket, type, onProgress, signal }: NewContent,
  makeEvent: (kept: StoredContent) => PoolEvent,
  precondition?: Commit['precondition'],
) =>
  Effect.suspend(() => {
    let written: RemoteKey | undefined
    let writing: Promise<unknown> = Promise.resolve()
    const write = Effect.gen(function* () {
      const blobs = yield* BlobPort
      const { storeId, buckets } = yield* Settings
      const owner = yield* ownerSegment(bucket)
      const maxSize = buckets[bucket]?.maxSize
      const options = { ...(maxSize === undefined ? {} : { maxSize }), ...(onProgress ? { onProgress } : {}) }
      return yield* callPort((stopped) => {
        const kept = blobs.write(body, { ...options, signal: stopped }).then(async (content) => {
          written = buildRemoteKey({ storeId, bucket, owner, address: content.address })
          return { content, remoteKey: written, type: await sniffedType(blobs, type, content) }
        })
        writing = kept.catch(() => {})
        return kept
      })
    })
    return Effect.gen(function* () {
      const { content, remoteKey, type } = yield* unlessAborted(signal)(write)
      const log = yield* LogPort
      const at = yield* Clock.currentTimeMillis
      const event = makeEvent({ content, remoteKey, type, at })
      // Adding a file works even when the log cannot be read.
      const known = callPort(async () => log.remoteContent(remoteKey)?.seenAt)
      const provedBefore = yield* Effect.orElseSucceed(known, () => at)
      const upload = { remoteKey, size: content.size, type, provedBefore, queuedFor: event.opId }
      const changes = [
        contentRow(content, at, { type }),
        queued('upload', upload, at),
        ...(yield* reconcileKeys(yield* otherNamedKeys(remoteKey), { occasion: 'file' })),
      ]
      const undo = reconcileKeys([remoteKey], { occasion: 'file', refused: new Set([event.opId]) })
      const context = yield* Effect.context<Effect.Effect.Context<typeof undo>>()
      const whyNot: Commit['precondition'] = (file) => (signal?.aborted ? aborted(signal) : precondition?.(file))
      const options = { changes, precondition: whyNot, undo: Effect.provide(undo, context) }
      return { event, file: yield* commit(event, options) }
    }).pipe(
      underLock(KEEPING, 'shared'),
      // An interrupted write may be past the point where it could stop.
      Effect.onError(() =>
        Effect.promise(() => writing).pipe(
          Effect.andThen(() => (written === undefined ? Effect.void : released(written))),
        ),
      ),
    )
  })

/** Read from disk again, so that it is the same for every source. A disk that fails now is none of the type's business. */
const sniffedType = async (
  blobs: Pick<BlobStore, 'open'>,
  type: string,
  { address, size }: ContentDigest,
): Promise<string> => {
  if (!needsCharset(type)) return type
  try {
    const start = await (await blobs.open(address))?.slice(0, CHARSET_BYTES).arrayBuffer()
    return start ? withCharset(type, new Uint8Array(start), size) : type
  } catch {
    return type
  }
}

const released = (key: RemoteKey) =>
  Effect.catchAll(releaseContent(key), (error) =>
    Effect.logWarning('Unreferenced content stays on disk until the next sweep', error),
  )
