/** What happened to a file, as the REST API and webhooks say it. Pure. */
import type { Buckets, StoreId } from '@rockpool/protocol'
import type { FileEvent, FileEventKind } from '@rockpool/sync-server'
import { formatCursor } from './cursor.ts'

/** `updated`: the file has another version, name or metadata, or was restored. Read it again. */
export type StorageEventType = 'storage.object.created' | 'storage.object.updated' | 'storage.object.deleted'

export interface StorageEvent {
  readonly type: StorageEventType
  /** of the file */
  readonly id: string
  readonly store_id: StoreId
  readonly bucket: string
  /** the file's own path, else its id */
  readonly path: string
  /** `sub` of the user who added the file; null when it was imported */
  readonly owner_id: string | null
  /** ISO 8601, by the server's clock */
  readonly timestamp: string
  /** unique to this event: events after it are those with `since` set to it */
  readonly cursor: string
}

export const EVENT_TYPES: readonly StorageEventType[] = [
  'storage.object.created',
  'storage.object.updated',
  'storage.object.deleted',
]

const TYPES: Readonly<Record<FileEventKind, StorageEventType>> = {
  added: 'storage.object.created',
  replaced: 'storage.object.updated',
  renamed: 'storage.object.updated',
  metaSet: 'storage.object.updated',
  restored: 'storage.object.updated',
  deleted: 'storage.object.deleted',
}

export const typeOf = (kind: FileEventKind): StorageEventType => TYPES[kind]

/** @param cursorId of the log that has the event */
export const toStorageEvent = (storeId: StoreId, cursorId: string, event: FileEvent): StorageEvent => {
  const { kind, fileId, bucket, path, ownerId, at, seqNum } = event
  return {
    type: typeOf(kind),
    id: fileId,
    store_id: storeId,
    bucket,
    path: path ?? fileId,
    owner_id: ownerId,
    timestamp: new Date(at).toISOString(),
    cursor: formatCursor(cursorId, seqNum),
  }
}

/** Whether a user who may read the store hears of the event: the files that lists show to this user. @param sub of the user */
export const isReadable = (
  { bucket, ownerId }: Pick<FileEvent, 'bucket' | 'ownerId'>,
  sub: string,
  buckets: Buckets,
): boolean => Object.hasOwn(buckets, bucket) && (buckets[bucket]!.access !== 'owner' || ownerId === sub)
