/** What livestore-filesync leaves on a device: events in the log, and files in a folder. */
import { type RemoteKey, sha256, toHex } from '@rockpool/protocol'
import type { LegacyFile, LegacyFolder } from '../legacy-folder.ts'
import type { PoolEvent } from '../records/events.ts'
import type { RecordLog } from '../ports/record-log.ts'
import { decodeLegacyEvent, type LegacyEventName } from '../records/legacy-event.ts'

const DAY = '2025-11-26T09:00:00.000Z'

export interface OldFile {
  readonly id: string
  readonly hash: string
  /** whether the old client has uploaded it; true when not given */
  readonly isStored?: boolean
  /** where it was uploaded to, in place of its key */
  readonly remoteUrl?: string | undefined
}

const argsOf = (storeId: string, { id, hash }: OldFile) => ({
  id,
  path: `livestore-filesync-files/${storeId}/${hash}`,
  contentHash: hash,
})

/** The events of an old client that added a file with this hash, and uploaded it unless `isStored` is false. */
export const oldFileEvents = (storeId: string, file: OldFile): readonly PoolEvent[] => [
  oldEvent('v1.FileCreated', { ...argsOf(storeId, file), createdAt: DAY, updatedAt: DAY }),
  ...(file.isStored === false ? [] : [uploadedEvent(storeId, file)]),
]

const uploadedEvent = (storeId: string, file: OldFile) => {
  const place = file.remoteUrl === undefined ? { remoteKey: `${storeId}/${file.hash}` } : { remoteUrl: file.remoteUrl }
  return oldEvent('v1.FileUpdated', { ...argsOf(storeId, file), ...place, updatedAt: DAY })
}

/** A log takes these as events of its own; only the type of its port says otherwise. */
const oldEvent = (name: LegacyEventName, args: object) => decodeLegacyEvent(name, args) as unknown as PoolEvent

export interface OldFileOptions extends Pick<OldFile, 'isStored' | 'remoteUrl'> {
  readonly type?: string
}

/**
 * Writes into `log` and into a folder in memory, as an old client does.
 *
 * @param files of the folder, by hash. The handle of each has its hash as its name, and nothing else
 */
export const oldApp = (log: RecordLog, files = new Map<string, LegacyFile>()) => {
  const folder: LegacyFolder = {
    hashes: async () => [...files.keys()],
    async open(hash) {
      const file = files.get(hash)
      return file && { ...file, handle: { name: hash } as FileSystemFileHandle }
    },
    async remove(hash) {
      files.delete(hash)
    },
  }
  const save = async (text: string, type?: string) => {
    const bytes = new TextEncoder().encode(text)
    const hash = toHex(await sha256(bytes))
    files.set(hash, { blob: new Blob([bytes]), type })
    return hash
  }
  return {
    folder,
    /** by hash; change it to damage the folder */
    files,
    /** Adds a file with the id `id`, and leaves its bytes in the folder. */
    async add(id: string, text: string, { type, ...options }: OldFileOptions = {}) {
      const hash = await save(text, type)
      log.append(oldFileEvents(log.storeId, { id, hash, ...options }))
      return { hash, remoteKey: `${log.storeId}/${hash}` as RemoteKey }
    },
    /** Gives a file other content, and uploads it. The bytes of the former one go, as in `updateFile`. */
    async edit(id: string, former: string, text: string) {
      const hash = await save(text)
      files.delete(former)
      const edited = { ...argsOf(log.storeId, { id, hash }), remoteKey: '', updatedAt: DAY }
      log.append([oldEvent('v1.FileUpdated', edited), uploadedEvent(log.storeId, { id, hash })])
      return { hash, remoteKey: `${log.storeId}/${hash}` as RemoteKey }
    },
    remove: (id: string) => log.append([oldEvent('v1.FileDeleted', { id, deletedAt: DAY })]),
  }
}
