import type { StoreId } from '@rockpool/protocol'
import { type ChangeCursor, DEFAULT_LIST_LIMIT, type FileQuery, type RecordLog } from '../ports/record-log.ts'
import type { FileRecord } from '../records/record.ts'
import { memorySyncBackend, type MemorySyncBackend } from './sync-backend.ts'

export interface MemoryRecordLogOptions {
  readonly storeId: StoreId
  /** shared by the devices of this store; one of its own when not given */
  readonly backend?: MemorySyncBackend
  /** logs of the same device are its tabs; `device` when not given */
  readonly device?: string
}

/** A RecordLog in memory. Several on one backend are the devices, or tabs, of one store. */
export const memoryRecordLog = (options: MemoryRecordLogOptions): RecordLog => {
  const { storeId, backend = memorySyncBackend(), device: id = 'device' } = options
  const device = backend.device(id)
  const { files, versions, remoteContents, operations } = device.replica
  const subscriptions = new Set<() => void>()

  /** Ends with the log. */
  const subscription = (end: () => void): (() => void) => {
    subscriptions.add(end)
    return () => {
      subscriptions.delete(end)
      end()
    }
  }

  const close = async (): Promise<void> => {
    for (const end of subscriptions) end()
    subscriptions.clear()
  }

  return {
    storeId,
    append: (events) => device.append(events),
    file: (id) => files.get(id),
    list: (query) => matching(query, [...files.values()]),
    versions: (fileId) => [...versions.values()].filter((version) => version.fileId === fileId).toReversed(),
    version: (id) => versions.get(id),
    filesWithContent: (remoteKey) => [...files.values()].filter((file) => file.remoteKey === remoteKey),
    filesWithVersion(remoteKey) {
      const named = [...versions.values()].filter((version) => version.remoteKey === remoteKey)
      return [...new Set(named.map(({ fileId }) => fileId))].flatMap((fileId) => files.get(fileId) ?? [])
    },
    remoteContent: (remoteKey) => remoteContents.get(remoteKey),
    applied: (opId) => operations.has(opId),

    changes(cursor, limit) {
      const [session, position] = cursor?.split(':') ?? []
      const from = session === device.session ? Number(position) : 0
      const to = Math.min(from + limit, device.journal.length)
      const entries = device.journal.slice(from, to)
      return {
        subjects: [...new Set(entries.map(({ subject }) => subject))],
        opIds: entries.map(({ opId }) => opId),
        cursor: `${device.session}:${to}` as ChangeCursor,
        more: to < device.journal.length,
      }
    },

    subscribe: (listener) => subscription(device.subscribe(listener)),

    refusals: (listener) => subscription(device.onRefused(listener)),

    sync: device.sync,

    async *confirmations(since, signal) {
      let position = since === undefined ? 0 : Number(since)
      let wake = Promise.withResolvers<void>()
      const end = device.subscribe(() => wake.resolve())
      const stop = () => wake.resolve()
      signal.addEventListener('abort', stop)
      try {
        while (!signal.aborted) {
          while (position < device.pulled && !signal.aborted) {
            const entry = backend.confirmed[position++]!
            if (entry.device === id) yield { opId: entry.event.opId, cursor: String(position) }
          }
          if (signal.aborted) return
          await wake.promise
          wake = Promise.withResolvers()
        }
      } finally {
        signal.removeEventListener('abort', stop)
        end()
      }
    },

    close,

    async erase() {
      await close()
      backend.erase(id)
    },
  }
}

const matching = (
  { bucket, search = '', limit = DEFAULT_LIST_LIMIT, offset = 0 }: FileQuery,
  files: readonly FileRecord[],
): readonly FileRecord[] =>
  files
    .filter(
      (file) =>
        file.deletedAt === null &&
        (bucket === undefined || file.bucket === bucket) &&
        lowerCase(file.name).includes(lowerCase(search)),
    )
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
    .slice(offset, offset + limit)

/** ASCII only, as SQLite's `lower` does it. */
const lowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
