/** Args of each known event as a client pushes them, complete by its type. */
import type { PoolEventName } from '@rockpool/core/records'

export const ADDRESS: string = 'a'.repeat(64)

/** Valid in a store with a bucket `files` that is the store's. */
export const poolArgs = (storeId: string): { readonly [Name in PoolEventName]: Readonly<Record<string, unknown>> } => {
  const remoteKey = `${storeId}/files/${ADDRESS}`
  const file = { opId: crypto.randomUUID(), id: 'x', at: 1_700_000_000_000 }
  return {
    'v2.FileAdded': {
      ...file,
      name: 'reef.jpg',
      type: 'image/jpeg',
      size: 5_000,
      remoteKey,
      meta: '{}',
      path: 'fish/reef.jpg',
    },
    'v2.FileContentReplaced': { ...file, type: 'image/png', size: 0, remoteKey, basedOn: remoteKey },
    'v2.FileRenamed': { ...file, name: 'shark.jpg' },
    'v2.FileMetaSet': { ...file, meta: '{"album":"fish"}' },
    'v2.FileDeleted': file,
    'v2.FileRestored': file,
    'v2.ContentStored': { opId: file.opId, remoteKey, etag: '"1"' },
    'v2.ContentLost': { opId: file.opId, remoteKey },
  }
}

/** Events of livestore-filesync, newest shapes. */
export const legacyArgs = (storeId: string) => {
  const file = {
    id: 'x',
    path: `files/${storeId}/${ADDRESS}`,
    contentHash: ADDRESS,
    updatedAt: '2025-11-26T09:00:00.000Z',
  }
  return {
    'v1.FileCreated': { ...file, metadataJson: null, createdAt: file.updatedAt },
    'v1.FileUpdated': { ...file, remoteKey: `${storeId}/${ADDRESS}` },
    'v1.FileDeleted': { id: 'x', deletedAt: file.updatedAt },
  } satisfies Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
