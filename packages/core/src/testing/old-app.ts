/** What livestore-filesync leaves on a device: events in the log, and files in a folder. */
import { type RemoteKey, sha256, toHex } from '@rockpool/protocol'
import type { LegacyFile, LegacyFolder } from '../legacy-folder.ts'
import type { PoolEvent } from '../records/events.ts'
import type { RecordLog } from '../ports/record-log.ts'
import { decodeLegacyEvent, type LegacyEventName } from '../records/legacy-event.ts'

const DAY = '2025-11-26T09:00:00.000Z'

/** The events of an old client that added a file with this hash, and uploaded it unless `isStored` is false. */
export const oldFileEvents = (
  storeId: string,
  { id, hash, isStored = true }: { readonly id: string; readonly hash: string; readonly isStored?: boolean },
): readonly PoolEvent[] => {
  const remoteKey = `${storeId}/${hash}`
  const args = { id, path: `livestore-filesync-files/${remoteKey}`, contentHash: hash }
  return [
    oldEvent('v1.FileCreated', { ...args, createdAt: DAY, updatedAt: DAY }),
    ...(isStored ? [oldEvent('v1.FileUpdated', { ...args, remoteKey, updatedAt: DAY })] : []),
  ]
}

/** A log takes these as events of its own; only the type of its port says otherwise. */
const oldEvent = (name: LegacyEventName, args: object) => decodeLegacyEvent(name, args) as unknown as PoolEvent

export interface OldFileOptions {
  /** whether the old client has uploaded it; true when not given */
  readonly isStored?: boolean
  readonly type?: string
}

/** Writes into `log` and into a folder in memory, as an old client does. */
export const oldApp = (log: RecordLog) => {
  const files = new Map<string, LegacyFile>()
  const folder: LegacyFolder = {
    hashes: async () => [...files.keys()],
    open: async (hash) => files.get(hash),
    async remove(hash) {
      files.delete(hash)
    },
  }
  return {
    folder,
    /** by hash; change it to damage the folder */
    files,
    /** Adds a file with the id `id`, and leaves its bytes in the folder. */
    async add(id: string, text: string, { isStored = true, type }: OldFileOptions = {}) {
      const bytes = new TextEncoder().encode(text)
      const hash = toHex(await sha256(bytes))
      log.append(oldFileEvents(log.storeId, { id, hash, isStored }))
      files.set(hash, { blob: new Blob([bytes]), type })
      return { hash, remoteKey: `${log.storeId}/${hash}` as RemoteKey }
    },
    remove: (id: string) => log.append([oldEvent('v1.FileDeleted', { id, deletedAt: DAY })]),
  }
}
